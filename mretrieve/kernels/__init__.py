"""Compiled numerics on plain arrays: dynamic time warping, subsequence matching, fixed-speed alignment."""
