"""Decimal numbers from the bytes of a motion file: one compiled pass, bit for bit what Python's float() gives."""

from ..kernels.compiled import scan_rows
from ..kernels.scan_results import DIFFERS, DONE, LARGEST_VALUE, NEEDS_FLOAT, PADDING, TOO_MANY

__all__ = ["DIFFERS", "DONE", "LARGEST_VALUE", "NEEDS_FLOAT", "PADDING", "TOO_MANY", "scan_rows"]
