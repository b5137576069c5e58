/** One body: its bones as capsules and its joints as balls, in one draw call. */

import { Capsules } from "./capsules";
import { BODIES, type Colour, errorColour, type Theme } from "./colours";
import type { JointErrors } from "./errors";
import type { Motion } from "./motion";
import type { Size } from "./quality";
import { JOINT_COUNT, sideOf } from "./skeleton";

interface Bone {
  from: number;
  to: number;
  radii: [number, number];
  /** Metres beyond `to`, in the direction from `from`: hands, toes and the top of the head have no joints. */
  beyondM?: number;
}

const bone = (from: number, to: number, fromM: number, toM: number, beyondM?: number): Bone => ({
  from,
  to,
  radii: [fromM, toM],
  beyondM,
});

const LIMBS = [0, 1].flatMap((side) => [
  bone(1 + side, 4 + side, 0.076, 0.054),
  bone(4 + side, 7 + side, 0.053, 0.036),
  bone(7 + side, 10 + side, 0.038, 0.033),
  bone(7 + side, 10 + side, 0.033, 0.024, 0.05),
  bone(13 + side, 16 + side, 0.062, 0.054),
  bone(16 + side, 18 + side, 0.051, 0.04),
  bone(18 + side, 20 + side, 0.039, 0.027),
  bone(18 + side, 20 + side, 0.032, 0.022, 0.11),
]);
const TRUNK = [
  bone(1, 2, 0.084, 0.084),
  bone(0, 3, 0.098, 0.096),
  bone(3, 6, 0.096, 0.102),
  bone(6, 9, 0.102, 0.112),
  bone(9, 12, 0.108, 0.052),
  bone(12, 15, 0.046, 0.046),
  bone(12, 15, 0.078, 0.084, 0.1),
];
const BONES = [...TRUNK, ...LIMBS];
/** Joints of limbs are drawn as balls, a little wider than the bones that meet in them. */
const BALLS: [number, number][] = [4, 5, 7, 8, 16, 17, 18, 19, 20, 21].map((joint) => [
  joint,
  { 4: 0.058, 5: 0.058, 7: 0.041, 8: 0.041, 16: 0.058, 17: 0.058, 18: 0.044, 19: 0.044, 20: 0.033, 21: 0.033 }[joint]!,
]);
const UNSEEN_WIDTH = 0.45;
const BALL_SHADE = 0.8;

export class Body {
  private readonly capsules: Capsules;
  private readonly joints = new Float32Array(3 * JOINT_COUNT);

  constructor(
    readonly motion: Motion,
    private readonly role: "query" | "other",
    size: Size = "large",
  ) {
    this.capsules = new Capsules(BONES.length + BALLS.length, size);
    const { seen } = motion.data;
    BONES.forEach(({ radii, to }, at) => {
      const width = seen[to] ? 1 : UNSEEN_WIDTH;
      this.capsules.radii.setXY(at, width * radii[0], width * radii[1]);
    });
    BALLS.forEach(([joint, radius], at) => {
      const width = radius * (seen[joint] ? 1 : UNSEEN_WIDTH);
      this.capsules.radii.setXY(BONES.length + at, width, width);
    });
  }

  get object() {
    return this.capsules.mesh;
  }

  /** The joints as they were last drawn, 66 numbers. */
  get place(): Float32Array {
    return this.joints;
  }

  move(frame: number, travels: boolean): void {
    const { joints } = this;
    const { from, to } = this.capsules;
    this.motion.pose(frame, travels, joints);
    BONES.forEach((shape, at) => {
      const [a, b] = [3 * shape.from, 3 * shape.to];
      const beyond = shape.beyondM === undefined ? 0 : shape.beyondM / Math.max(distance(joints, a, b), 1e-3);
      const start = beyond ? b : a;
      from.setXYZ(at, joints[start], joints[start + 1], joints[start + 2]);
      to.setXYZ(
        at,
        joints[b] + beyond * (joints[b] - joints[a]),
        joints[b + 1] + beyond * (joints[b + 1] - joints[a + 1]),
        joints[b + 2] + beyond * (joints[b + 2] - joints[a + 2]),
      );
    });
    BALLS.forEach(([joint], at) => {
      const [x, y, z] = [joints[3 * joint], joints[3 * joint + 1], joints[3 * joint + 2]];
      from.setXYZ(BONES.length + at, x, y, z);
      to.setXYZ(BONES.length + at, x, y, z);
    });
    from.needsUpdate = true;
    to.needsUpdate = true;
  }

  /** Left and right limbs in their own colours. */
  paintSides(theme: Theme): void {
    const colours = BODIES[theme][this.role];
    this.paint((joint) => (this.motion.data.seen[joint] ? colours[sideOf(joint)] : colours.unseen));
  }

  /** Each bone by how far its joint is from the other body's in a frame of the query. */
  paintErrors(errors: JointErrors, queryFrame: number, theme: Theme): void {
    this.paint((joint) => errorColour(errors.joint(queryFrame, joint), theme));
  }

  dispose(): void {
    this.capsules.dispose();
  }

  private paint(colourOf: (joint: number) => Colour): void {
    const { tints } = this.capsules;
    BONES.forEach(({ from, to }, at) => {
      const joint = from === 1 && to === 2 ? 0 : to; // the bone between the hips is the pelvis
      tints.setXYZ(at, ...colourOf(joint));
    });
    BALLS.forEach(([joint], at) => {
      const [red, green, blue] = colourOf(joint);
      tints.setXYZ(BONES.length + at, BALL_SHADE * red, BALL_SHADE * green, BALL_SHADE * blue);
    });
    tints.needsUpdate = true;
  }
}

const distance = (joints: Float32Array, a: number, b: number): number =>
  Math.hypot(joints[b] - joints[a], joints[b + 1] - joints[a + 1], joints[b + 2] - joints[a + 2]);
