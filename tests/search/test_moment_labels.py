"""Labels of parts of clips: of files and of label tables, shown with moments, in conditions and in classification."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from support.generated_library import Library

from mretrieve import Index, build_index, open_index
from mretrieve.indexer.compaction import compact_index
from mretrieve.indexer.remove import remove_clips
from mretrieve.indexer.repair import repair_index
from mretrieve.labelled_spans import shares_half
from mretrieve.storage.layout import labels_file
from mretrieve.storage.snapshot import Snapshot
from mretrieve.storage.verification import verify


@pytest.fixture(scope="module")
def take(library: Library) -> str:
    """The longest clip of the library that is a file by itself."""
    clips = library.snapshot.clips.select(["duration_s", "path"]).to_pylist()
    path: str = max((clip["duration_s"], clip["path"]) for clip in clips if clip["path"].endswith(".bvh"))[1]
    return path


@pytest.fixture
def folder(library: Library, take: str, tmp_path: Path) -> Path:
    """The take and two short clips with a table of spans: the first second is "early", seconds 2 to 4 are "later"."""
    motions = tmp_path / "motions"
    shorts = [path for path in library.opened.clips if path.endswith(".bvh") and path != take][:2]
    for path in (take, *shorts):
        (motions / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library.folder / path, motions / path)
    rows = [f"{take},early,0,1", f"{take},later,2,4", *(f"{path},short,," for path in shorts)]
    (motions / "spans.csv").write_text("\n".join(["path,label,start_s,end_s", *rows]))
    return motions


@pytest.fixture
def opened(folder: Path) -> Index:
    build_index(folder, folder / ".mretrieve", labels=[folder / "spans.csv"], jobs=1)
    return open_index(folder / ".mretrieve")


def _spans(opened: Index) -> list[tuple[int, float, float, str]]:
    spans = opened.snapshot.spans
    return list(zip(spans.clip_rows.tolist(), spans.starts.tolist(), spans.ends.tolist(), spans.labels, strict=True))


@pytest.mark.parametrize(
    ("moment", "span", "has_label"),
    [
        ((0, 10), (0, 10), True),
        ((0, 10), (5, 15), True),
        ((0, 10), (6, 16), False),
        ((0, 10), (8, 11), True),
        ((4, 5), (0, 10), True),
        ((0, 10), (10, 20), False),
        ((0, 10), (3, 3), True),
        ((0, 10), (11, 11), False),
    ],
)
def test_a_moment_has_the_label_of_a_span_if_they_share_half_of_the_shorter_one(
    moment: tuple[float, float], span: tuple[float, float], has_label: bool
):
    assert shares_half(*moment, np.array([span[0]], float), np.array([span[1]], float)).tolist() == [has_label]


def test_a_hit_shows_the_label_of_its_span_and_otherwise_of_its_clip(opened: Index, take: str):
    for start_s, end_s, label in ((0.0, 1.0, "early"), (2.2, 3.6, "later"), (5.0, 6.2, None)):
        best = opened.search(f"{take}@{start_s}-{end_s}", k=1)[0]
        assert (best.clip, best.label) == (take, label)


def test_a_condition_on_the_label_is_one_on_moments(opened: Index, take: str):
    hits = opened.search(f"{take}@5.0-6.2", k=10, where="label = 'later'", all_moments=True)
    assert len(hits) >= 1
    assert {hit.label for hit in hits} == {"later"}
    assert {hit.clip for hit in opened.search(f"{take}@0-1", k=10, where="label = 'short'")}.isdisjoint({take})
    assert opened.search(f"{take}@0-1", k=10, where="label = 'early' AND duration_s < 0").hits == ()


def test_a_condition_holds_without_alignment_and_for_poses(opened: Index, take: str):
    for options in ({"rerank": 0}, {"start_s": 5.0, "end_s": 5.03}):
        hits = opened.search(take, k=10, where="label = 'later'", **options)
        assert {hit.label for hit in hits} <= {"later"}


def test_classification_knows_spans(opened: Index, take: str):
    assert opened.classify(f"{take}@2.2-3.6").label == "later"


def test_spans_stay_right_through_removal_compaction_and_new_labels(opened: Index, folder: Path, take: str):
    index = folder / ".mretrieve"
    before = _spans(opened)
    short = next(clip for clip in opened.clips if clip != take)
    remove_clips(index, [short])
    compact_index(index)
    left = open_index(index)
    assert [span[1:] for span in _spans(left)] == [span[1:] for span in before]
    assert {left.clips[span[0]] for span in _spans(left)} == {take}
    assert verify(index) == []
    build_index(folder, index, jobs=1)
    assert len(_spans(open_index(index))) == len(before)
    (folder / "other.csv").write_text(f"path,label,start_s,end_s\n{take},new,1,2\n")
    build_index(folder, index, labels=[folder / "other.csv"], jobs=1)
    assert [span[3] for span in _spans(open_index(index))] == ["new"]


def test_a_damaged_table_of_spans_is_found_and_repaired_without(opened: Index, folder: Path):
    index, record = folder / ".mretrieve", opened.snapshot.manifest.spans
    assert record is not None
    file = labels_file(index, record.id)
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    assert [problem.path for problem in verify(index)] == [file]
    repair = repair_index(index)
    assert any("spans are lost" in remark for remark in repair.remarks)
    assert len(Snapshot.open(index).spans) == 0
    assert Snapshot.open(index).clips["label"].to_pylist() == opened.snapshot.clips["label"].to_pylist()


def test_codes_of_frames_become_spans_that_follow_the_file(tmp_path: Path):
    names = "HipCenter;Spine;ShoulderCenter;Head;ShoulderLeft;ElbowLeft;WristLeft;HandLeft;ShoulderRight;ElbowRight"
    names += ";WristRight;HandRight;HipLeft;KneeLeft;AnkleLeft;FootLeft;HipRight;KneeRight;AnkleRight;FootRight"
    body = [(0, 0), (0, 0.15), (0, 0.45), (0, 0.6), (-0.2, 0.4), (-0.3, 0.1), (-0.3, -0.1), (-0.3, -0.2), (0.2, 0.4)]
    body += [(0.3, 0.1), (0.3, -0.1), (0.3, -0.2), (-0.1, -0.1), (-0.1, -0.5), (-0.1, -0.9), (-0.1, -0.95)]
    body += [(0.1, -0.1), (0.1, -0.5), (0.1, -0.9), (0.1, -0.95)]

    def write(codes: list[int]) -> None:
        lines = []
        for frame, code in enumerate(codes):
            raised = 0.3 * np.sin(frame / 10)
            joints = [f"{x} {y + raised * (place in (10, 11))} 3.0" for place, (x, y) in enumerate(body)]
            lines.append(";".join(joints) + f";{code}")
        (tmp_path / "take.csv").write_text("\n".join([names, *lines]))

    index = tmp_path / ".mretrieve"
    write([0] * 30 + [1] * 30 + [2] + [3] * 29)
    build_index(tmp_path, index, jobs=1)
    assert _spans(open_index(index)) == [(0, 30.0, 60.0, "1"), (0, 61.0, 90.0, "3")]
    write([4] * 45 + [0] * 45)
    build_index(tmp_path, index, jobs=1)
    assert _spans(open_index(index)) == [(0, 0.0, 45.0, "4")]
    (tmp_path / "take.csv").unlink()
