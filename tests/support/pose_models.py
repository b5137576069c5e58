"""A MediaPipe bundle and videos of a person, from wheels that `make test` downloads; None of them is in the repository.

The wheel of MediaPipe 0.10.21 holds the two networks of the Pose Landmarker without the metadata that later versions
require: how pictures are scaled. It also holds the schemas to add it. The wheels of pose2sim and sports2d hold videos
by four calibrated cameras and by one (BSD 3-Clause).
"""

from __future__ import annotations

import sys
import zipfile
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

WHEELS = Path(__file__).parents[2] / ".build" / "wheels"
_DETECTOR = "mediapipe/modules/pose_detection/pose_detection.tflite"
_LANDMARKS = "mediapipe/modules/pose_landmark/pose_landmark_full.tflite"


def wheel(name: str) -> Path | None:
    """The downloaded wheel of a distribution."""
    return next(iter(sorted(WHEELS.glob(f"{name}-*.whl"))), None)


def write_pose_model(path: Path) -> Path | None:
    """Write the bundle; None if its wheel was not downloaded."""
    source = wheel("mediapipe")
    if source is None:
        return None
    with zipfile.ZipFile(source) as archive, zipfile.ZipFile(path, "w") as bundle:
        for name, content, mean, deviation in (
            ("pose_detector.tflite", archive.read(_DETECTOR), 127.5, 127.5),
            ("pose_landmarks_detector.tflite", archive.read(_LANDMARKS), 0.0, 255.0),
        ):
            bundle.writestr(name, _with_scaling(content, mean, deviation, source))
    return path


def write_videos(folder: Path) -> list[Path]:
    """Write the videos of one person by four cameras, in the order of the cameras; none if not downloaded."""
    source = wheel("pose2sim")
    if source is None:
        return []
    with zipfile.ZipFile(source) as archive:
        names = sorted(
            name for name in archive.namelist() if "Demo_SinglePerson/videos/" in name and name.endswith(".mp4")
        )
        return [_extracted(archive, name, folder) for name in names]


def write_calibration(folder: Path) -> Path | None:
    """Write the calibration of these cameras (Qualisys); None if it was not downloaded."""
    source = wheel("pose2sim")
    if source is None:
        return None
    with zipfile.ZipFile(source) as archive:
        (name,) = (each for each in archive.namelist() if each.endswith("Demo_SinglePerson/calibration/Calib.qca.txt"))
        return _extracted(archive, name, folder)


def write_walk(path: Path) -> Path | None:
    """Write pictures of a woman who walks to the left, 3.5 s as MJPEG; None if they were not downloaded."""
    source = wheel("sports2d")
    if source is None:
        return None
    import av

    with zipfile.ZipFile(source) as archive, archive.open("Sports2D/Demo/demo.mp4") as video, path.open("wb") as file:
        for picture in islice(av.open(video).decode(video=0), 75, 180):
            picture.to_image().crop((150, 440, 1350, 994)).resize((800, 368)).save(file, "jpeg")
    return path


def _extracted(archive: zipfile.ZipFile, name: str, folder: Path) -> Path:
    path = folder / Path(name).name
    path.write_bytes(archive.read(name))
    return path


def _with_scaling(content: bytes, mean: float, deviation: float, source: Path) -> bytes:
    """A network with metadata that says: subtract `mean` from its picture, and divide by `deviation`."""
    import flatbuffers

    sys.path.insert(0, f"{source}/mediapipe/tasks/metadata")
    try:
        network_schema: Any = import_module("schema_py_generated")
        schema: Any = import_module("metadata_schema_py_generated")
    finally:
        sys.path.pop(0)
    scaling = schema.NormalizationOptionsT()
    scaling.mean, scaling.std = [mean], [deviation]
    step = schema.ProcessUnitT()
    step.optionsType, step.options = schema.ProcessUnitOptions.NormalizationOptions, scaling
    picture = schema.ImagePropertiesT()
    picture.colorSpace = schema.ColorSpaceType.RGB
    kind = schema.ContentT()
    kind.contentPropertiesType, kind.contentProperties = schema.ContentProperties.ImageProperties, picture
    tensor = schema.TensorMetadataT()
    tensor.name, tensor.content, tensor.processUnits = b"image", kind, [step]
    graph = schema.SubGraphMetadataT()
    graph.inputTensorMetadata = [tensor]
    metadata = schema.ModelMetadataT()
    metadata.subgraphMetadata = [graph]

    network = network_schema.ModelT.InitFromObj(network_schema.Model.GetRootAsModel(bytearray(content), 0))
    buffer = network_schema.BufferT()
    buffer.data = list(_packed(flatbuffers.Builder(0), metadata, b"M001"))
    network.buffers.append(buffer)
    entry = network_schema.MetadataT()
    entry.name, entry.buffer = b"TFLITE_METADATA", len(network.buffers) - 1
    network.metadata = [*(network.metadata or []), entry]
    return _packed(flatbuffers.Builder(len(content)), network, b"TFL3")


def _packed(builder: Any, content: Any, mark: bytes) -> bytes:
    builder.Finish(content.Pack(builder), mark)
    return bytes(builder.Output())
