"""From a motion in the axes, unit and rate of its file to a clip on the canonical skeleton."""
