"""How far lifted clips are from the truth, what they find, and how fast lifting is.

    python benchmarks/lifting.py [--part chosen|unseen] [--mocap DIR] [--weights FILE] [--seed N]
                                 [--observed placed|view|all]

Clips of HDM05 and CMU that the network was not trained on, each filmed by one random camera: errors of bones, of joints
on the true bones from the middle of the hips (MPJPE), of the heading (the azimuth of the camera from the body) and of
the camera's pitch. Then the same views as queries by `pose-statistics` among all clips: how often a query's own clip is
first and among the first five, and how often the first answer is of its class. CMU's two sets have different names for
the same actions, which count as different classes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import click
import numpy as np
from mocap_sets import mocap_folder
from numpy.typing import NDArray

from mretrieve.encoders import WindowEncoder, load_encoder
from mretrieve.evaluation.data_sets import view_split
from mretrieve.evaluation.lifting import lifting_errors
from mretrieve.lifting import Lifted, lift_with_camera
from mretrieve.lifting.weights_file import WEIGHTS, read_network
from mretrieve.motion import Clip, LabelledClip
from mretrieve.motion.camera import CameraRange
from mretrieve.motion.detection import DetectionErrors, as_detected
from mretrieve.motion.view import View

_NONE = DetectionErrors(lost_share=0.0, legless_share=0.0, lost_samples=0.0, bias_m=0.0, noise_m=0.0)
_LOST = replace(_NONE, lost_share=1.0)
#: Of cameras and errors.
SEED = 1
#: What films and what is found of it.
CONDITIONS = {
    "all joints": (CameraRange(), _NONE),
    "3 joints lost": (CameraRange(), _LOST),
    "3 joints lost, noise to 2 cm": (CameraRange(), replace(_LOST, noise_m=0.02)),
    "no legs": (CameraRange(), replace(_NONE, legless_share=1.0)),
    "pitch 45 to 60": (CameraRange(lowest_pitch_deg=45.0, highest_pitch_deg=60.0), _NONE),
}


#: Which joints of a lifted clip count as observed, from the view and the clip: as `lift` has it, or otherwise.
OBSERVED: dict[str, Callable[[View, Clip], NDArray[np.bool_]]] = {
    "placed": lambda view, clip: clip.observed,
    "view": lambda view, clip: as_detected(view).observed,
    "all": lambda view, clip: np.ones_like(clip.observed),
}


@dataclass
class Recorder:
    """A lifting function that keeps what it lifts, and its time."""

    lift: Callable[[View], Lifted]
    observed: Callable[[View, Clip], NDArray[np.bool_]]
    clips: list[Clip]
    seconds: float = 0.0

    def __call__(self, view: View) -> Lifted:
        """Lift a view."""
        started = time.process_time()
        lifted = self.lift(view)
        self.seconds += time.process_time() - started
        self.clips.append(replace(lifted.clip, observed=self.observed(view, lifted.clip)))
        return lifted


def found(
    encoder: WindowEncoder,
    queries: list[Clip],
    items: list[LabelledClip],
    gallery: list[LabelledClip],
    stored: NDArray[np.float32],
) -> tuple[float, float, float]:
    """Share of queries whose own clip is first, and among the first five; whose first answer is of their class."""
    ranking = np.argsort(-(encoder.as_queries(encoder.encode(queries)) @ stored.T), axis=1, kind="stable")
    place = {item.path: row for row, item in enumerate(gallery)}
    own: NDArray[np.intp] = np.array([place[item.path] for item in items])
    rank = (ranking == own[:, None]).argmax(axis=1)
    classes = [gallery[first].label == item.label for first, item in zip(ranking[:, 0], items, strict=True)]
    return float((rank < 1).mean()), float((rank < 5).mean()), float(np.mean(classes))


@click.command(help=__doc__)
@click.option("--part", type=click.Choice(["chosen", "unseen"]), default="unseen", show_default=True)
@click.option("--mocap", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--weights", type=click.Path(exists=True, dir_okay=False, path_type=Path), default=WEIGHTS)
@click.option("--seed", type=int, default=SEED, show_default=True, help="Of cameras and errors.")
@click.option("--observed", type=click.Choice(list(OBSERVED)), default="placed", show_default=True)
def main(part: str, mocap: Path | None, weights: Path, seed: int, observed: str) -> None:
    """Print the table."""
    split = view_split(mocap_folder(mocap))
    held_out = split.chosen if part == "chosen" else split.unseen
    performer = "mm" if part == "chosen" else "tr"
    gallery = [*split.trained, *split.chosen, *split.unseen]
    encoder, network = load_encoder(), read_network(weights)
    stored = encoder.encode([item.clip for item in gallery])
    frames = seconds = 0.0
    print("| clips | view | bones | joints | heading | pitch | own first | own in 5 | class first |")
    print("|---|---|---|---|---|---|---|---|---|")
    for rig, (name, (cameras, errors)) in product((f"HDM05, {performer}", "CMU"), CONDITIONS.items()):
        items = [item for item in held_out if (item.group == performer) == (rig != "CMU")]
        recorder = Recorder(lambda view: lift_with_camera(view, network), OBSERVED[observed], [])
        row = lifting_errors([item.clip for item in items], recorder, cameras, errors, seed)
        first, five, same = found(encoder, recorder.clips, items, gallery, stored)
        errors_of = f"{row.bone_deg:.1f}° | {row.joint_mm:.0f} mm | {row.heading_deg:.1f}° | {row.pitch_deg:.1f}°"
        print(f"| {len(items)} of {rig} | {name} | {errors_of} | {first:.2f} | {five:.2f} | {same:.2f} |", flush=True)
        frames += sum(clip.frame_count for clip in recorder.clips)
        seconds += recorder.seconds
    print(f"\n{frames / seconds:.0f} frames a second of processor time")


if __name__ == "__main__":
    main()
