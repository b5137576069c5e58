"""List pairs of clips in an index that are nearly the same motion, such as duplicate takes.

python examples/near_duplicates.py [INDEX]
"""

import sys
from pathlib import Path

import mretrieve


def main(path: Path | None, below_mm: float = 30.0) -> None:
    """Search for the nearest neighbour of every clip; print each pair once."""
    index = mretrieve.open_index(path)
    pairs = {}
    for clip in index.clips:
        for hit in index.search(clip, k=1, exclude_self=True):
            if hit.distance_mm < below_mm:
                pairs[tuple(sorted((clip, hit.clip)))] = hit.distance_mm
    for (clip, other), distance_mm in sorted(pairs.items(), key=lambda pair: pair[1]):
        print(f"{distance_mm:5.1f} mm  {clip}  {other}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
