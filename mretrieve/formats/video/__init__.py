"""Videos: their frames, the people that a pose detector finds in them, and a cache of what was found."""
