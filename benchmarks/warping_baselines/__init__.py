"""Distances by time warping that Coskun et al. (2018, table 1) compare with and the package has no other use for."""
