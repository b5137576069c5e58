"""Which joint of a rig plays which canonical joint: by name, by shape, and as saved in a file."""
