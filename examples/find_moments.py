"""Index a folder and find where a body moves like the one in a clip.

python examples/find_moments.py MOCAP_FOLDER CLIP
"""

import sys
from pathlib import Path

import mretrieve
from mretrieve.indexer import build_index, summary_lines


def main(folder: Path, clip: Path) -> None:
    """Print the ten moments that move most like the clip."""
    report = build_index(folder)  # writes ./.mretrieve; the second time it reads only what changed
    print(*summary_lines(report), sep="\n")
    index = mretrieve.open_index()
    for hit in index.search(clip, k=10):
        print(f"{hit.score:.3f}  {hit.clip}  {hit.start_s:.2f} s to {hit.end_s:.2f} s  {hit.distance_mm:.0f} mm")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
