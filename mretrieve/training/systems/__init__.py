"""The training side of each published system: its recipes, its loss and its task."""
