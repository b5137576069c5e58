"""Small motion files, made here: the seeds that the readers' tests bend and break."""

from __future__ import annotations

HIERARCHY = """HIERARCHY
ROOT Hips
{
\tOFFSET 1.0 2.0 3.0
\tCHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
\tJOINT Spine
\t{
\t\tOFFSET 0.0 10.0 0.0
\t\tCHANNELS 3 Zrotation Xrotation Yrotation
\t\tEnd Site
\t\t{
\t\t\tOFFSET 0.0 5.0 0.0
\t\t}
\t}
\tJOINT Leg
\t{
\t\tOFFSET 4.0 0.0 0.0
\t\tCHANNELS 3 Zrotation Xrotation Yrotation
\t\tEnd Site
\t\t{
\t\t\tOFFSET 0.0 -8.0 0.0
\t\t}
\t}
}
"""

#: Three frames of twelve channels. In the second, the spine is turned 90 degrees about Z.
ROWS = (
    "1 2 3 0 0 0 0 0 0 0 0 0",
    "1.5 2 3 0 0 0 90 0 0 0 0 0",
    "2 2.5 -3e-1 10 20 30 40 50 60 70 80 90",
)

BVH = HIERARCHY + "MOTION\nFrames: 3\nFrame Time: 0.0333333\n" + "\n".join(ROWS) + "\n"

ASF = """# a small Acclaim skeleton
:version 1.10
:name sample
:units
  mass 1.0
  length 0.45
  angle deg
:documentation
   two legs and a spine
:root
   order TX TY TZ RX RY RZ
   axis XYZ
   position 0 0 0
   orientation 0 0 0
:bonedata
  begin
     id 1
     name hip
     direction 1 0 0
     length 2
     axis 0 0 0 XYZ
  end
  begin
     id 2
     name femur
     direction 0.6 -0.8 0
     length 7.5
     axis 0 0 20 XYZ
     dof rx ry rz
     limits (-160.0 20.0)
            (-70.0 70.0)
            (-60.0 70.0)
  end
  begin
     id 3
     name tibia
     direction 0 -1 0
     length 7
     axis 10 -20 30 ZYX
     dof rz rx
  end
  begin
     id 4
     name spine
     direction 0 1 0
     length 5
     axis 0 90 0 XYZ
     dof ry
  end
:hierarchy
  begin
    root hip spine
    hip femur
    femur tibia
  end
"""

AMC = """#!OML:ASF sample
:FULLY-SPECIFIED
:DEGREES
1
root 1 2 3 10 20 30
spine 5
femur 10 20 30
tibia 40 50
2
root 1.5 2 3 -10.25 20 30
spine 5e-015
femur -11 21 31
tibia 41 -51.5
3
root 2 2 3 10 20 30
spine 7
femur 12 22 32
tibia 42 52
"""
