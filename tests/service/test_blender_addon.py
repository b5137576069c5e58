"""The part of the Blender add-on that needs no Blender, against a running service."""

from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from support.generated_library import Library
from support.running_service import running_service

from mretrieve import read

ADDON = SimpleNamespace(
    **runpy.run_path(str(Path(__file__).resolve().parents[2] / "examples" / "blender" / "mretrieve_search.py"))
)


@pytest.fixture(scope="module")
def bvh(query_file: Path) -> str:
    """The query as the add-on sends it: positions of joints, in metres."""
    (motion,) = read(query_file)
    scale = 0.01
    return ADDON.Joints(
        names=motion.rig.joint_names,
        parents=motion.rig.parents.tolist(),
        rest=(motion.rig.rest_positions * scale).tolist(),
        frames=(motion.positions * scale).tolist(),
        fps=motion.fps,
    ).to_bvh()


def test_a_body_finds_what_its_file_finds(service: httpx.Client, bvh: str, query_file: Path, library: Library):
    hits = ADDON.Service(str(service.base_url)).search(bvh, k=5, mirror="both", where="label = 'kick'")
    answer = library.opened.search(query_file, k=5, mirror="both", where="label = 'kick'")
    assert [(hit["clip"], hit["mirror"]) for hit in hits] == [(hit.clip, hit.mirror) for hit in answer]
    for hit, expected in zip(hits, answer, strict=True):
        assert (hit["start_s"], hit["end_s"]) == pytest.approx((expected.start_s, expected.end_s), abs=2 / 30)
        assert hit["score"] == pytest.approx(expected.score, abs=0.02)


def test_a_hit_is_exported_on_its_own_rig(service: httpx.Client, bvh: str, library: Library, tmp_path: Path):
    asked = ADDON.Service(str(service.base_url))
    hits = asked.search(bvh, mirror="both")
    for hit in (next(hit for hit in hits if hit["mirror"] == kind) for kind in ("none", "whole")):
        library.opened.export(
            f"{hit['clip']}@{hit['start_s']}-{hit['end_s']}",
            tmp_path / "moment.bvh",
            mirrored=hit["mirror"] == "whole",
            force=True,
        )
        assert asked.export(hit) == (tmp_path / "moment.bvh").read_bytes()


def test_what_goes_wrong_is_one_line(service: httpx.Client, library: Library, bvh: str):
    with pytest.raises(ADDON.ServiceError, match="no column 'lable' in this index; did you mean label"):
        ADDON.Service(str(service.base_url)).search(bvh, where="lable = 'kick'")
    with pytest.raises(ADDON.ServiceError, match="start it with `mretrieve serve`"):
        ADDON.Service("http://127.0.0.1:9").search(bvh)
    with running_service(library.index, token="secret") as locked:
        with pytest.raises(ADDON.ServiceError, match="token"):
            ADDON.Service(str(locked.base_url)).search(bvh)
        assert ADDON.Service(str(locked.base_url), "secret").search(bvh, k=1)
