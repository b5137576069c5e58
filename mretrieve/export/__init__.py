"""Moments as BVH files on their own rigs."""

from .export import Exported, ExportOptions, check_target, export_moment

__all__ = ["ExportOptions", "Exported", "check_target", "export_moment"]
