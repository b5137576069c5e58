"""From windows of motion to vectors: one module per system, and the registry of their names."""

from .catalogue import encoder_specs, register_encoder
from .encoder import ClipsEncoder, DeviceEncoder, FrameEncoder, PartEncoder, WindowEncoder
from .registry import DEFAULT_ENCODER, PART_ENCODER, load_encoder
from .spec import EncoderSpec, TrainingSpec

__all__ = [
    "DEFAULT_ENCODER",
    "PART_ENCODER",
    "ClipsEncoder",
    "DeviceEncoder",
    "EncoderSpec",
    "FrameEncoder",
    "PartEncoder",
    "TrainingSpec",
    "WindowEncoder",
    "encoder_specs",
    "load_encoder",
    "register_encoder",
]
