"""What `normalized-pose` is trained with: its recipe, networks, examples and losses."""
