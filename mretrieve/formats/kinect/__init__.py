"""Depth sensors: Kinect v1 and v2, NTU RGB+D."""
