"""Optical marker data: C3D, TRC and tables, and the joints that the markers of known sets are around."""
