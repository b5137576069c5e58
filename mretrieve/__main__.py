"""`python -m mretrieve`: the command line."""

from mretrieve.cli import run

run()
