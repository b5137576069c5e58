"""From windows of motion to vectors: one module per system, and the registry of their names."""

from .encoder import Encoder
from .registry import DEFAULT_ENCODER, ENCODERS, PART_ENCODER, load_encoder

__all__ = ["DEFAULT_ENCODER", "ENCODERS", "PART_ENCODER", "Encoder", "load_encoder"]
