"""Index a folder and find the moments that move like a clip.

python examples/find_moments.py MOCAP_FOLDER CLIP
"""

import sys
from pathlib import Path

import mretrieve
from mretrieve.indexer import summary_lines


def main(folder: Path, clip: Path) -> None:
    """Print the ten most similar moments."""
    report = mretrieve.build_index(folder)  # writes ./.mretrieve; later runs read only new and changed files
    print(*summary_lines(report), sep="\n")
    index = mretrieve.open_index()
    for hit in index.search(clip, k=10):
        print(f"{hit.score:.3f}  {hit.clip}  {hit.start_s:.2f} s to {hit.end_s:.2f} s  {hit.distance_mm:.0f} mm")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
