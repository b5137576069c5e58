"""A Blender add-on: search with the active armature through `mretrieve serve`, and import a hit on its own rig.

Install this file under Edit > Preferences > Add-ons > Install from Disk, start `mretrieve serve`, and open the tab
mretrieve in the sidebar of the 3D view. It needs Blender 4.0 or newer and nothing else. The classes before `if bpy` do
not need Blender.
"""

from __future__ import annotations

import json
import math
import tempfile
import urllib.error
import urllib.request
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

try:
    import bpy
except ImportError:  # outside Blender
    bpy = None

bl_info = {
    "name": "mretrieve: search motion by motion",
    "blender": (4, 0, 0),
    "category": "Animation",
    "location": "3D View > Sidebar > mretrieve",
    "description": "Find the moments of a motion library where a body moves like the active armature",
}
Point = tuple[float, float, float]


class ServiceError(Exception):
    """The service cannot be reached, or its one-line message about a request that it refuses."""


@dataclass(frozen=True)
class Service:
    """A running `mretrieve serve`."""

    url: str = "http://127.0.0.1:8765"
    token: str = ""
    timeout_s: float = 60.0

    def search(self, bvh: str, k: int = 10, mirror: str = "none", where: str = "") -> list[dict[str, Any]]:
        """The moments that move most like a BVH file, best first, as `mretrieve query --format json` has them."""
        options = {"k": str(k), "mirror": mirror} | ({"where": where} if where else {})
        boundary = uuid.uuid4().hex
        head = 'Content-Disposition: form-data; name="{}"'
        parts = [f"{head.format(name)}\r\n\r\n{value}" for name, value in options.items()]
        parts.append(f'{head.format("query")}; filename="blender.bvh"\r\nContent-Type: text/plain\r\n\r\n{bvh}')
        body = "".join(f"--{boundary}\r\n{part}\r\n" for part in parts) + f"--{boundary}--\r\n"
        answer = json.loads(self._post("query", body.encode(), f"multipart/form-data; boundary={boundary}"))
        return list(answer["results"])

    def export(self, hit: dict[str, Any]) -> bytes:
        """The moment of a hit as BVH, on its own rig, turned around if its mirror image matched."""
        moment = f"{hit['clip']}@{hit['start_s']}-{hit['end_s']}"
        request = {"moment": moment, "mirrored": hit["mirror"] == "whole"}
        return self._post("export", json.dumps(request).encode(), "application/json")

    def _post(self, path: str, body: bytes, kind: str) -> bytes:
        headers = {"Content-Type": kind} | ({"Authorization": f"Bearer {self.token}"} if self.token else {})
        request = urllib.request.Request(f"{self.url.rstrip('/')}/api/v1/{path}", body, headers)
        try:
            with urllib.request.urlopen(request, timeout=self.timeout_s) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            try:
                raise ServiceError(json.loads(error.read())["message"]) from None
            except (ValueError, KeyError):
                raise ServiceError(f"{self.url}: status {error.code}; is this the service of mretrieve?") from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            raise ServiceError(f"{self.url}: {reason}; start it with `mretrieve serve`") from None


@dataclass(frozen=True)
class Joints:
    """The joints of one body, each after its parent.

    Attributes:
        names: of the joints.
        parents: index of the parent of each; -1 for the first.
        rest: position of each in the rest pose, metres, Y up.
        frames: position of each in each frame, likewise.
        fps: frames per second.
    """

    names: Sequence[str]
    parents: Sequence[int]
    rest: Sequence[Point]
    frames: Sequence[Sequence[Point]]
    fps: float

    def to_bvh(self) -> str:
        """The motion as BVH in which every joint has its position, so that no rotation needs to be converted."""
        order = self._order(0)
        lines = ["HIERARCHY", *self._lines(0), "MOTION"]
        lines += [f"Frames: {len(self.frames)}", f"Frame Time: {1 / self.fps:.8f}"]
        for frame in self.frames:
            numbers = (number for joint in order for number in self._from_parent(joint, frame))
            lines.append(" ".join(f"{number:.6f}" for number in numbers))
        return "\n".join(lines) + "\n"

    def _lines(self, joint: int) -> list[str]:
        children = self._children(joint)
        inside = [line for child in children for line in self._lines(child)] or ["End Site", "{", "OFFSET 0 0 0", "}"]
        return [
            f"{'ROOT' if joint == 0 else 'JOINT'} {self.names[joint].replace(' ', '_')}",
            "{",
            "OFFSET {:.6f} {:.6f} {:.6f}".format(*self._from_parent(joint, self.rest)),
            "CHANNELS 3 Xposition Yposition Zposition",
            *inside,
            "}",
        ]

    def _order(self, joint: int) -> list[int]:
        """The joint and those below it, in the order of the hierarchy."""
        return [joint, *(each for child in self._children(joint) for each in self._order(child))]

    def _children(self, joint: int) -> list[int]:
        return [child for child, parent in enumerate(self.parents) if parent == joint]

    def _from_parent(self, joint: int, positions: Sequence[Point]) -> Point:
        x, y, z = positions[joint]
        parent = self.parents[joint]
        px, py, pz = positions[parent] if parent >= 0 else (0.0, 0.0, 0.0)
        return x - px, y - py, z - pz


if bpy is not None:

    def joints_of(armature: Any, scene: Any, first: int, last: int) -> Joints:
        """The armature's joints from a frame to another, of the root bone that most bones belong to."""
        roots = [bone for bone in armature.data.bones if bone.parent is None]
        root = max(roots, key=lambda bone: len(bone.children_recursive))
        bones = [root, *root.children_recursive]  # parents come first
        place = {bone.name: index for index, bone in enumerate(bones)}
        current, frames = scene.frame_current, []
        try:
            for frame in range(first, last + 1):
                scene.frame_set(frame)
                frames.append([_point(armature.matrix_world @ armature.pose.bones[bone.name].head) for bone in bones])
        finally:
            scene.frame_set(current)
        return Joints(
            names=[bone.name for bone in bones],
            parents=[place[bone.parent.name] if bone is not root else -1 for bone in bones],
            rest=[_point(armature.matrix_world @ bone.head_local) for bone in bones],
            frames=frames,
            fps=scene.render.fps / scene.render.fps_base,
        )

    def _point(vector: Any) -> Point:
        """A point of Blender's Z-up world in a Y-up one."""
        return vector.x, vector.z, -vector.y

    def _service() -> Service:
        settings = bpy.context.scene.mretrieve
        return Service(settings.url, settings.token)

    class FoundMoment(bpy.types.PropertyGroup):
        """A hit in the panel."""

        title: bpy.props.StringProperty()
        json: bpy.props.StringProperty()

    class Settings(bpy.types.PropertyGroup):
        """What the panel asks for, and the last answer."""

        url: bpy.props.StringProperty(name="Service", default=Service.url)
        token: bpy.props.StringProperty(name="Token", subtype="PASSWORD", options={"SKIP_SAVE"})
        k: bpy.props.IntProperty(name="Hits", default=10, min=1, max=100)
        where: bpy.props.StringProperty(name="Where", description="A condition, such as label = 'walk'")
        mirror: bpy.props.BoolProperty(name="Also mirrored")
        hits: bpy.props.CollectionProperty(type=FoundMoment)

    class SearchOperator(bpy.types.Operator):
        """Search for the motion of the active armature in the frame range of the scene"""

        bl_idname = "mretrieve.search"
        bl_label = "Search"

        @classmethod
        def poll(cls, context: Any) -> bool:
            return context.object is not None and context.object.type == "ARMATURE"

        def execute(self, context: Any) -> set[str]:
            scene, settings = context.scene, context.scene.mretrieve
            joints = joints_of(context.object, scene, scene.frame_start, scene.frame_end)
            try:
                mirror = "both" if settings.mirror else "none"
                hits = _service().search(joints.to_bvh(), settings.k, mirror, settings.where)
            except ServiceError as error:
                self.report({"ERROR"}, str(error))
                return {"CANCELLED"}
            settings.hits.clear()
            for hit in hits:
                found = settings.hits.add()
                found.title = f"{hit['score']:.2f}  {hit['clip']}  {hit['start_s']:.1f}-{hit['end_s']:.1f} s"
                found.json = json.dumps(hit)
            return {"FINISHED"}

    class ImportOperator(bpy.types.Operator):
        """Import this moment as a new armature, on its own rig"""

        bl_idname = "mretrieve.import_hit"
        bl_label = "Import"
        bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012  Blender reads it

        number: bpy.props.IntProperty()

        def execute(self, context: Any) -> set[str]:
            hit = json.loads(context.scene.mretrieve.hits[self.number].json)
            try:
                bvh = _service().export(hit)
            except ServiceError as error:
                self.report({"ERROR"}, str(error))
                return {"CANCELLED"}
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / f"{Path(hit['clip']).stem}.bvh"
                path.write_bytes(bvh)
                start = context.scene.frame_start
                bpy.ops.import_anim.bvh(filepath=str(path), frame_start=start, use_fps_scale=True)
            _to_metres(context.object)
            return {"FINISHED"}

    def _to_metres(armature: Any) -> None:
        """Scale a body whose file has another unit, by its longest chain of bones: 1.2 m from hips to fingertips."""
        reach: dict[str, float] = {}
        for bone in armature.data.bones:  # parents come first
            # the first bone may be far from the body
            inside = bone.parent is not None and bone.parent.parent is not None
            length = (bone.head_local - bone.parent.head_local).length if inside else 0.0
            reach[bone.name] = length + (reach[bone.parent.name] if inside else 0.0)
        units = (1.0, 0.0254 / 0.45, 0.0254, 0.01, 0.001)  # metres, CMU's, inches, centimetres, millimetres
        unit = min(units, key=lambda metres: abs(math.log(max(reach.values()) * metres / 1.2)))
        armature.scale = (unit,) * 3

    class Panel(bpy.types.Panel):
        """The tab in the sidebar."""

        bl_idname = "VIEW3D_PT_mretrieve"
        bl_label = "Search motion"
        bl_space_type = "VIEW_3D"
        bl_region_type = "UI"
        bl_category = "mretrieve"

        def draw(self, context: Any) -> None:
            settings = context.scene.mretrieve
            for name in ("url", "token", "k", "where", "mirror"):
                self.layout.prop(settings, name)
            self.layout.operator(SearchOperator.bl_idname, icon="VIEWZOOM")
            for number, hit in enumerate(settings.hits):
                self.layout.operator(ImportOperator.bl_idname, text=hit.title, icon="IMPORT").number = number

    _CLASSES = (FoundMoment, Settings, SearchOperator, ImportOperator, Panel)

    def register() -> None:
        """Called by Blender when the add-on is switched on."""
        for each in _CLASSES:
            bpy.utils.register_class(each)
        bpy.types.Scene.mretrieve = bpy.props.PointerProperty(type=Settings)

    def unregister() -> None:
        """Called by Blender when it is switched off."""
        del bpy.types.Scene.mretrieve
        for each in reversed(_CLASSES):
            bpy.utils.unregister_class(each)
