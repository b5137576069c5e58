"""`python -m mretrieve` is the command `mretrieve`."""

from mretrieve.cli import main

if __name__ == "__main__":
    main()
