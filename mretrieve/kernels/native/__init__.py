"""The kernels as compiled from C when the package was built. ImportError if the installation had no compiler.

The functions are those of `mretrieve.kernels.jit`, which documents them.
"""

from .bodies import (
    body_channels,
    distances_between,
    facing_signs,
    floor_signs,
    forward_kinematics,
    resample_frames,
    warping_features,
    window_statistics,
)
from .scanning import scan_frames, scan_rows
from .vectors import addressed, code_shortlists, inner_products, map_rows, rough_products, shortlist_ranker
from .warping import cheapest_fixed_speeds, dtw_distances, dtw_path, reprojection_costs, subsequence_matches

__all__ = [
    "addressed",
    "body_channels",
    "cheapest_fixed_speeds",
    "code_shortlists",
    "distances_between",
    "dtw_distances",
    "dtw_path",
    "facing_signs",
    "floor_signs",
    "forward_kinematics",
    "inner_products",
    "map_rows",
    "reprojection_costs",
    "resample_frames",
    "rough_products",
    "scan_frames",
    "scan_rows",
    "shortlist_ranker",
    "subsequence_matches",
    "warping_features",
    "window_statistics",
]
