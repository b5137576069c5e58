"""From a name or a folder to clips: files and labels of a folder, bodies of a file, and what a user's name means."""
