"""Label files."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mretrieve.errors import MRetrieveError
from mretrieve.sources.labels import Labels, read_labels
from mretrieve.storage.tables import parquet

PATHS = {"walks/a.bvh", "walks/b.bvh", "c.bvh"}


def _read(folder: Path, text: str | bytes, name: str = "labels.csv") -> Labels:
    file = folder / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_labels([file], {"": folder}, PATHS)


def test_paths_are_relative_to_the_repository_or_to_the_csv(tmp_path: Path):
    rows = _read(
        tmp_path, "path,label\na.bvh,walk\nwalks/b.bvh,run\n../c.bvh,sit\n", "walks/labels.csv"
    ).table.to_pylist()
    assert rows == [
        {"path": "c.bvh", "label": "sit"},
        {"path": "walks/a.bvh", "label": "walk"},
        {"path": "walks/b.bvh", "label": "run"},
    ]


def test_a_csv_outside_the_repository_names_files_inside_it(tmp_path: Path):
    (tmp_path / "repository").mkdir()
    (tmp_path / "labels.csv").write_text(f"path,label\nc.bvh,x\n{tmp_path}/repository/walks/a.bvh,y\n")
    labels = read_labels([tmp_path / "labels.csv"], {"": tmp_path / "repository"}, PATHS)
    assert labels.table["path"].to_pylist() == ["c.bvh", "walks/a.bvh"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiter_encoding_and_line_ends_are_recognised(tmp_path: Path, delimiter: str, encoding: str, end: str):
    text = end.join(
        ["", delimiter.join(['"Path"', "label", "style"]), delimiter.join(["c.bvh", "gehen", '"müde, sehr"'])]
    )
    assert _read(tmp_path, text.encode(encoding)).table.to_pylist() == [
        {"path": "c.bvh", "label": "gehen", "style": "müde, sehr"}
    ]


def test_paths_written_on_windows_are_understood(tmp_path: Path):
    assert _read(tmp_path, "path,label\nwalks\\a.bvh,x\n").table["path"].to_pylist() == ["walks/a.bvh"]


def test_an_empty_cell_and_a_short_row_are_no_label(tmp_path: Path):
    labels = _read(tmp_path, "path,label,style\nc.bvh,,\nwalks/a.bvh,x\n")
    assert labels.table.to_pylist() == [
        {"path": "c.bvh", "label": None, "style": None},
        {"path": "walks/a.bvh", "label": "x", "style": None},
    ]


def test_several_files_add_up(tmp_path: Path):
    (tmp_path / "1.csv").write_text("path,label\nc.bvh,x\n")
    (tmp_path / "2.csv").write_text("path,style\nc.bvh,calm\n")
    labels = read_labels([tmp_path / "1.csv", tmp_path / "2.csv"], {"": tmp_path}, PATHS)
    assert labels.table.to_pylist() == [{"path": "c.bvh", "label": "x", "style": "calm"}]


def test_upper_and_lower_case_of_column_names_do_not_matter(tmp_path: Path):
    assert _read(tmp_path, "PATH,Label,Duration\nc.bvh,x,long\n").table.to_pylist() == [
        {"path": "c.bvh", "label": "x", "Duration": "long"}
    ]
    (tmp_path / "1.csv").write_text("path,Style\nc.bvh,calm\n")
    (tmp_path / "2.csv").write_text("path,STYLE\nwalks/a.bvh,wild\n")
    assert read_labels([tmp_path / "1.csv", tmp_path / "2.csv"], {"": tmp_path}, PATHS).table.to_pylist() == [
        {"path": "c.bvh", "Style": "calm"},
        {"path": "walks/a.bvh", "Style": "wild"},
    ]


def test_files_that_the_folder_does_not_have_are_a_warning(tmp_path: Path):
    labels = _read(tmp_path, "path,label\nc.bvh,x\nd.bvh,y\ne.bvh,y\n")
    assert labels.table["path"].to_pylist() == ["c.bvh"]
    (warning,) = labels.warnings
    assert "'d.bvh' (line 3), 'e.bvh' (line 4)" in warning


def test_a_row_may_be_repeated_but_not_contradicted(tmp_path: Path):
    assert _read(tmp_path, "path,label\nc.bvh,x\n./c.bvh,x\n").table.num_rows == 1
    with pytest.raises(MRetrieveError, match=r"labels.csv:3: label of 'c.bvh' is 'y', but .*labels.csv:2 says 'x'"):
        _read(tmp_path, "path,label\nc.bvh,x\nc.bvh,y\n")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "is empty"),
        ("file,label\nc.bvh,x\n", ":1: no column named `path`, only file, label"),
        ("path\nc.bvh\n", ":1: no column besides `path`"),
        ("path,label,label\nc.bvh,x,y\n", ":1: two columns are named 'label'"),
        ("path,Style,style\nc.bvh,x,y\n", ":1: two columns are named 'style'"),
        ("path,FPS\nc.bvh,x\n", ":1: every clip has a column 'FPS' of its own"),
        ("path,label\n,x\n", ":2: no path in this row"),
        ("path,label\nc.bvh,walk, fast\n", ":2: 3 cells, but the header has 2"),
        (b"\x00\x01\x02\xff", "not a text file"),
    ],
)
def test_what_is_no_label_file_is_refused_with_its_line(tmp_path: Path, text: str | bytes, complaint: str):
    with pytest.raises(MRetrieveError) as refused:
        _read(tmp_path, text)
    assert f"{tmp_path / 'labels.csv'}{'' if complaint.startswith(':') else ': '}{complaint}" in str(refused.value)


def test_a_label_file_that_does_not_exist_is_named(tmp_path: Path):
    with pytest.raises(MRetrieveError, match=r"none.csv: cannot read the labels"):
        read_labels([tmp_path / "none.csv"], {"": tmp_path}, PATHS)


def test_labels_of_which_none_fits_are_refused_and_take_nothing_away(tmp_path: Path):
    (tmp_path / "labels.csv").write_text("path,label\nelsewhere.bvh,walk\n")
    with pytest.raises(MRetrieveError, match=r"elsewhere\.bvh"):
        read_labels([tmp_path / "labels.csv"], {"": tmp_path}, {"here.bvh"})
    (tmp_path / "empty.csv").write_text("path,label\n")
    with pytest.raises(MRetrieveError, match="has no rows"):
        read_labels([tmp_path / "empty.csv"], {"": tmp_path}, {"here.bvh"})


def _write_parquet(file: Path, columns: dict[str, object], **options: object) -> Path:
    pq.write_table(pa.table(columns), file, **options)
    return file


def test_parquet_is_read_with_columns_of_any_type(tmp_path: Path):
    file = _write_parquet(
        tmp_path / "labels.parquet",
        {
            "Path": ["nowhere.bvh", "c.bvh", "walks/a.bvh", None, "walks/b.bvh"],
            "Label": pa.array(["x", " walk ", None, "y", ""]).dictionary_encode(),
            "take": [1, 2, None, 4, 5],
            "is_good": [True, False, True, True, None],
        },
        row_group_size=2,
    )
    labels = read_labels([file], {"": tmp_path}, PATHS)
    assert labels.table.to_pylist() == [
        {"path": "c.bvh", "label": "walk", "take": "2", "is_good": "false"},
        {"path": "walks/a.bvh", "label": None, "take": None, "is_good": "true"},
        {"path": "walks/b.bvh", "label": None, "take": "5", "is_good": None},
    ]
    assert "'nowhere.bvh' (line 1)" in labels.warnings[0]


def test_csv_and_parquet_add_up_and_contradict_each_other(tmp_path: Path):
    (tmp_path / "a.csv").write_text("path,label\nc.bvh,walk\n")
    same = _write_parquet(tmp_path / "b.parquet", {"path": ["c.bvh"], "LABEL": ["walk"], "style": ["slow"]})
    other = _write_parquet(tmp_path / "c.parquet", {"path": ["walks/a.bvh", "c.bvh"], "label": ["run", "run"]})
    labels = read_labels([tmp_path / "a.csv", same], {"": tmp_path}, PATHS)
    assert labels.table.to_pylist() == [{"path": "c.bvh", "label": "walk", "style": "slow"}]
    with pytest.raises(MRetrieveError, match=r"c\.parquet:2: label of 'c.bvh' is 'run', but .*a\.csv:2 says 'walk'"):
        read_labels([tmp_path / "a.csv", other], {"": tmp_path}, PATHS)


@pytest.mark.parametrize(
    ("columns", "complaint"),
    [
        ({"file": ["c.bvh"], "label": ["x"]}, r"labels\.parquet: no column named `path`, only file, label"),
        ({"path": ["c.bvh"]}, "no column besides `path`"),
        ({"path": ["c.bvh"], "Fps": ["30"]}, "every clip has a column 'Fps' of its own"),
        ({"path": ["c.bvh"], "label": [["x"]]}, "the column 'label' holds lists or structures; leave it out"),
    ],
)
def test_what_is_no_table_of_labels_is_refused(tmp_path: Path, columns: dict[str, object], complaint: str):
    with pytest.raises(MRetrieveError, match=complaint) as error:
        read_labels([_write_parquet(tmp_path / "labels.parquet", columns)], {"": tmp_path}, PATHS)
    assert "\n" not in str(error.value)


def test_a_damaged_parquet_file_is_refused_in_one_line(tmp_path: Path):
    file = _write_parquet(tmp_path / "labels.parquet", {"path": ["c.bvh"] * 99, "label": ["x"] * 99})
    content = file.read_bytes()
    for damaged in (content[:-9], content[:40] + bytes(40) + content[80:], content[:4]):
        file.write_bytes(damaged)
        with pytest.raises(MRetrieveError, match=r"labels\.parquet") as error:
            read_labels([file], {"": tmp_path}, PATHS)
        assert "\n" not in str(error.value)


def test_a_link_to_a_file_of_the_library_is_that_file(tmp_path: Path):
    (tmp_path / "library" / "walks").mkdir(parents=True)
    (tmp_path / "library" / "walks" / "a.bvh").touch()
    try:
        (tmp_path / "take.bvh").symlink_to("library/walks/a.bvh")
        (tmp_path / "linked").symlink_to("library")
    except OSError:
        pytest.skip("no links here")
    (tmp_path / "labels.csv").write_text("path,label\ntake.bvh,x\n")
    (tmp_path / "more.csv").write_text("path,label\nlinked/walks/a.bvh,x\n")
    for name in ("labels.csv", "more.csv"):
        labels = read_labels([tmp_path / name], {"": tmp_path / "library"}, PATHS)
        assert labels.table.to_pylist() == [{"path": "walks/a.bvh", "label": "x"}]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_more_cells_than_the_limit_are_refused_and_rows_of_other_files_do_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
):
    monkeypatch.setattr("mretrieve.sources.label_file.MOST_CELLS", 7)
    rows = {"path": ["c.bvh", "walks/a.bvh", *(f"{number}.bvh" for number in range(99))], "label": ["x"] * 101}

    def write(columns: dict[str, list[str]]) -> Path:
        file = tmp_path / f"labels.{suffix}"
        return _write_parquet(file, columns) if suffix == "parquet" else _write_csv(file, columns)

    assert read_labels([write(rows)], {"": tmp_path}, PATHS).table.num_rows == 2
    wide = write(rows | {f"column {number}": ["y"] * 101 for number in range(4)})
    with pytest.raises(MRetrieveError, match=r"labels\.\w+: more than 7 cells .*leave out columns"):
        read_labels([wide], {"": tmp_path}, PATHS)


def _write_csv(file: Path, columns: dict[str, list[str]]) -> Path:
    rows = [list(columns), *zip(*columns.values(), strict=True)]
    file.write_text("".join(",".join(row) + "\n" for row in rows))
    return file


def test_a_csv_file_that_is_too_large_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mretrieve.sources.label_file.LARGEST_TEXT", 10)
    with pytest.raises(MRetrieveError, match=r"labels\.csv: .*write it as Parquet"):
        _read(tmp_path, "path,label\nc.bvh,walk\n")


def test_rows_with_start_and_end_label_spans_and_the_others_files(tmp_path: Path):
    labels = _read(
        tmp_path, "Path,Label,performer,Start_S,end_s\nc.bvh,kick,zoe,1.5,2\nc.bvh,sit,,0,1\nwalks/a.bvh,x,,,\n"
    )
    assert labels.spans == {"c.bvh": [(0.0, 1.0, "sit"), (1.5, 2.0, "kick")]}
    assert labels.table.to_pylist() == [
        {"path": "c.bvh", "performer": "zoe", "label": None},
        {"path": "walks/a.bvh", "performer": None, "label": "x"},
    ]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("c.bvh,kick,1,", "not both numbers"),
        ("c.bvh,kick,one,2", "not both numbers"),
        ("c.bvh,kick,2,1", "ends after it starts"),
        ("c.bvh,kick,nan,1", "ends after it starts"),
        ("c.bvh,,0,1", "has a label"),
    ],
)
def test_a_span_without_times_or_label_is_an_error_with_its_line(tmp_path: Path, row: str, message: str):
    with pytest.raises(MRetrieveError, match=f"labels.csv:2: .*{message}"):
        _read(tmp_path, f"path,label,start_s,end_s\n{row}\n")


def test_json_and_parquet_hold_the_same_tables(tmp_path: Path):
    rows = [{"path": "c.bvh", "label": "sit", "take": 2}, {"path": "walks/a.bvh", "label": "walk", "take": None}]
    (tmp_path / "labels.parquet").write_bytes(parquet(pa.Table.from_pylist(rows)))
    of_parquet = read_labels([tmp_path / "labels.parquet"], {"": tmp_path}, PATHS)
    of_json = _read(tmp_path, json.dumps(rows), "labels.json")
    assert (
        of_json.table.to_pylist()
        == of_parquet.table.to_pylist()
        == [
            {"path": "c.bvh", "label": "sit", "take": "2"},
            {"path": "walks/a.bvh", "label": "walk", "take": None},
        ]
    )


def test_babel_gives_a_span_for_each_category_of_a_segment(tmp_path: Path):
    segment = {"raw_label": "walks while waving", "proc_label": "walk", "act_cat": ["walk", "wave"]}
    takes = {
        "1": {
            "feat_p": "CMU/walks/a.bvh",
            "dur": 9.0,
            "seq_ann": {"labels": [segment]},
            "frame_ann": {"labels": [{**segment, "start_t": 1.0, "end_t": 2.5}]},
        },
        "2": {
            "feat_p": "CMU/c.bvh",
            "dur": 4.0,
            "seq_ann": {"labels": [{**segment, "act_cat": None}]},
            "frame_ann": None,
        },
    }
    labels = _read(tmp_path, json.dumps(takes), "train.json")
    assert labels.spans == {
        "walks/a.bvh": [(1.0, 2.5, "walk"), (1.0, 2.5, "wave")],
        "c.bvh": [(0.0, 4.0, "walk")],
    }


@pytest.mark.parametrize("text", ["[1, 2]", "{", '{"1": {"dur": 2}}'])
def test_other_json_is_an_error(tmp_path: Path, text: str):
    with pytest.raises(MRetrieveError, match="not labels as JSON"):
        _read(tmp_path, text, "labels.json")
