"""Queries of an index with several spaces: each alone, all together, and what cannot be asked."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support.encoder_files import write_encoder
from support.generated_library import Library
from support.small_index import row_mask

from mretrieve import Index, QueryOptions, canonicalise, open_index, read
from mretrieve.encoders import load_encoder
from mretrieve.encoders.weights_file import read_encoder
from mretrieve.errors import IndexStateError, MRetrieveError, QueryError
from mretrieve.indexer import build_index
from mretrieve.search.candidates import eligible_rows
from mretrieve.search.query import WHOLE_UP_TO

pytest.importorskip("torch", reason="NO TORCH: learned encoders are not tested")


@pytest.fixture(scope="module")
def home(library: Library, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an encoder file and the library's index in its space and the default's, weighted 0.2 and 0.8."""
    folder = tmp_path_factory.mktemp("fused")
    write_encoder(folder / "mine.safetensors")
    encoders = ["pose-statistics", str(folder / "mine.safetensors")]
    labels = [library.folder / "labels.csv"]
    build_index(library.folder, folder / "index", labels=labels, encoder=encoders, weights=[0.8, 0.2], jobs=1)
    return folder


@pytest.fixture(scope="module")
def fused(home: Path) -> Index:
    """That index, opened."""
    return open_index(home / "index")


def _json(index: Index, query: str, **options: object) -> dict[str, object]:
    answer = index.search(query, options=QueryOptions(**options)).to_dict()  # type: ignore[arg-type]
    return {"results": answer["results"], "encoder": answer["index"]["encoder"]}


def test_one_space_answers_as_an_index_of_it_alone(library: Library, fused: Index):
    for options in ({}, {"mirror": "both", "k": 40}, {"all_moments": True, "rerank": 0}):
        alone = _json(library.opened, library.short_clip, **options)
        assert _json(fused, library.short_clip, encoder="pose-statistics", **options) == alone


@pytest.mark.parametrize(
    ("options", "shares"),
    [
        ({}, (0.8, 0.2)),
        ({"encoder_weights": (1, 3)}, (0.25, 0.75)),
        ({"encoder": "mine,pose-statistics", "encoder_weights": (1, 3)}, (0.75, 0.25)),
        ({"encoder": ["mine", "pose-statistics"]}, (0.8, 0.2)),
        ({"encoder": "mine"}, (0, 1)),
        ({"encoder_weights": (0, 1)}, (0, 1)),
    ],
)
def test_without_re_ranking_the_order_is_that_of_the_weighted_mean_of_all_distances(
    library: Library, home: Path, fused: Index, options: dict[str, object], shares: tuple[float, float]
):
    snapshot = fused._snapshot
    clip = canonicalise(read(library.folder / library.short_clip)[0])
    distances = np.zeros(len(snapshot.rows.window_clip))
    encoders = {"pose-statistics": load_encoder(), "mine": read_encoder(home / "mine.safetensors").encoder}
    for (name, encoder), share in zip(encoders.items(), shares, strict=True):
        queries = encoder.as_queries(encoder.encode([clip])).astype(np.float64)
        distances -= share * (queries @ snapshot.vectors(name).astype(np.float64).T)[0]
    eligible = eligible_rows(snapshot.rows, clip.frame_count, WHOLE_UP_TO, WHOLE_UP_TO)
    distances[~row_mask(snapshot.rows, [eligible.wholes, *eligible.windows])] = np.inf
    best = [distances[snapshot.rows.window_clip == row].min() for row in range(len(fused))]
    expected = [fused.clips[row] for row in np.argsort(best, kind="stable")]
    found = [hit.clip for hit in fused.search(library.folder / library.short_clip, k=10_000, rerank=0, **options)]  # type: ignore[arg-type]
    assert found == expected


def test_the_answer_names_the_spaces_that_were_asked(library: Library, fused: Index):
    named = [
        _json(fused, library.short_clip, encoder=encoder, encoder_weights=weights)["encoder"]
        for encoder, weights in ((None, None), ("mine", None), ("mine,pose-statistics", None), (None, (0, 1)))
    ]
    assert named == ["pose-statistics,mine", "mine", "mine,pose-statistics", "mine"]


def test_a_space_can_be_named_by_the_file_it_was_made_with(library: Library, home: Path, fused: Index):
    moved = shutil.copy(home / "mine.safetensors", home / "renamed.safetensors")
    by_file = fused.search(library.short_clip, encoder=str(moved))
    assert by_file.hits == fused.search(library.short_clip, encoder="mine").hits


def test_a_file_that_was_trained_again_is_told_to_replace_its_space(library: Library, fused: Index, tmp_path: Path):
    again = write_encoder(tmp_path / "mine.safetensors", seed=5)
    with pytest.raises(QueryError, match=f"--encoder pose-statistics,{again}`"):
        fused.search(library.short_clip, encoder=str(again))


def test_every_option_of_a_query_works_over_several_spaces(library: Library, fused: Index):
    hits = fused.search(library.folder / library.short_clip, k=10_000, mirror="both", exclude_self=True)
    assert len(hits) == len(fused) - 1 and library.short_clip not in [hit.clip for hit in hits]
    moments = fused.search(library.long_take, k=30, start_s=10, end_s=12, all_moments=True, where="label = 'take'")
    assert (moments[0].clip, moments[0].start_s) == (library.long_take, pytest.approx(10.0, abs=0.5))
    first = fused.search(library.short_clip, k=1)[0]
    assert (first.clip, first.score) == (library.short_clip, pytest.approx(1.0, abs=1e-3))


def test_smoothing_works_over_several_spaces(library: Library, home: Path, tmp_path: Path):
    shutil.copytree(home / "index", tmp_path / "index")
    build_index(library.folder, tmp_path / "index", smooth=True, jobs=1)
    smoothed = open_index(tmp_path / "index")
    hits = smoothed.search(library.short_clip, k=10_000)
    assert sorted(hit.clip for hit in hits) == smoothed.clips and hits[0].clip == library.short_clip
    build_index(library.folder, tmp_path / "alone", smooth=True, jobs=1)
    alone = open_index(tmp_path / "alone").search(library.short_clip, k=50)
    assert [hit.clip for hit in smoothed.search(library.short_clip, k=50, encoder="pose-statistics")] == [
        hit.clip for hit in alone
    ]


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        (
            {"encoder": "deephums"},
            QueryError,
            "no space of encoder deephums, only of pose-statistics, mine; add it",
        ),
        ({"encoder": "nowhere.safetensors"}, QueryError, r"no space of encoder nowhere\.safetensors"),
        ({"encoder": "mine,mine"}, QueryError, "mine is there twice"),
        ({"encoder": "mine,"}, QueryError, "a name is empty"),
        ({"encoder_weights": (1,)}, QueryError, "weights 1: 2 are needed, one for each of pose-statistics, mine"),
        ({"encoder": "mine", "encoder_weights": (1, 2)}, QueryError, "1 are needed, one for each of mine"),
        ({"encoder_weights": (0, 0)}, QueryError, "one of them above 0"),
        ({"encoder_weights": (1, float("nan"))}, QueryError, "numbers from 0 on"),
    ],
)
def test_what_cannot_be_asked_is_one_line(library: Library, fused: Index, options, error: type[Exception], says: str):
    with pytest.raises(error, match=says) as refusal:
        fused.search(library.short_clip, **options)
    assert "\n" not in str(refusal.value)


def test_a_space_of_no_weight_is_left_out_unless_it_is_named(library: Library, home: Path, tmp_path: Path):
    shutil.copytree(home / "index", tmp_path / "index")
    build_index(library.folder, tmp_path / "index", weights=[1, 0], jobs=1)
    opened = open_index(tmp_path / "index")
    assert _json(opened, library.short_clip) == _json(library.opened, library.short_clip)
    assert _json(opened, library.short_clip, encoder="mine")["encoder"] == "mine"


def test_a_damaged_weights_file_is_told_by_those_queries_that_need_it(library: Library, home: Path, tmp_path: Path):
    shutil.copytree(home / "index", tmp_path / "index")
    (copy,) = (tmp_path / "index" / "encoders").iterdir()
    copy.write_bytes(copy.read_bytes()[:-1] + b"x")
    opened = open_index(tmp_path / "index")
    assert len(opened.search(library.short_clip, encoder="pose-statistics")) == 10
    with pytest.raises(IndexStateError, match=f"{copy.name}: is damaged"):
        opened.search(library.short_clip)


def test_without_torch_the_spaces_that_need_none_still_answer(
    library: Library, home: Path, monkeypatch: pytest.MonkeyPatch
):
    for name in [name for name in sys.modules if name.startswith("mretrieve.encoders.learned")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    opened = open_index(home / "index")
    assert len(opened.search(library.short_clip, encoder="pose-statistics")) == 10
    with pytest.raises(MRetrieveError, match=r"torch.*pip install 'mretrieve-mocap\[learned\]'") as refusal:
        opened.search(library.short_clip)
    assert "\n" not in str(refusal.value)


def test_a_space_without_a_network_loads_no_torch(library: Library, home: Path):
    program = (
        "import sys\nfrom mretrieve import open_index\n"
        f"opened = open_index({str(home / 'index')!r})\n"
        f"opened.search({library.short_clip!r}, encoder='pose-statistics')\n"
        "print(*sorted(set(sys.modules) & {'torch', 'safetensors', 'sklearn'}))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []
