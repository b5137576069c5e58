"""The kernels as plain loops that numba compiles at their first call.

They take the place of the native ones if the installation had no compiler, and tests compare the two.
"""

from .bodies import distances_between, facing_signs, floor_signs
from .codes import code_shortlists
from .features import warping_features
from .kinematics import forward_kinematics
from .products import addressed, inner_products, rough_products, shortlist_ranker
from .reprojection import reprojection_costs
from .resampling import resample_frames
from .scanning import scan_frames, scan_rows
from .statistics import body_channels, map_rows, window_statistics
from .warping import cheapest_fixed_speeds, dtw_distances, dtw_path, subsequence_matches

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
