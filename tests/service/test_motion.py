"""Motion for playback: its layout, ranges of bytes and of time, and tags."""

from __future__ import annotations

from pathlib import Path

import httpx
import numpy as np
import pytest
from support.generated_library import Library
from support.moving_bodies import random_clip
from support.running_service import post_form

from mretrieve.motion import Clip
from mretrieve.service.motion_bytes import FRAME_BYTES, motion_bytes
from mretrieve.sources.resolve import ClipResolver


def decoded(content: bytes) -> np.ndarray:
    """Positions (T, 22, 3) as docs/guide/serving.md tells clients to compute them."""
    rows = np.frombuffer(content, "<f2").reshape(-1, 23, 3).astype(np.float32)
    pelvis = rows[:, :1] + rows[:, 22:]
    return np.concatenate([pelvis, pelvis + rows[:, 1:22]], axis=1)


def test_joints_are_exact_to_half_a_millimetre_far_from_the_origin():
    clip = random_clip(3, 90)
    far = Clip(clip.positions + np.array([90.0, 0.0, -60.0], np.float32), clip.observed)
    assert np.abs(decoded(motion_bytes(far)) - far.positions).max() < 6e-4


def test_a_moment_is_a_range_of_frames_of_its_clip(service: httpx.Client, library: Library):
    clip = library.long_take
    whole = service.get("/api/v1/motion", params={"clip": clip})
    expected = ClipResolver(library.snapshot).resolve(clip).clip
    assert np.abs(decoded(whole.content) - expected.positions).max() < 1e-3
    assert int(whole.headers["motion-frames"]) == expected.frame_count == len(whole.content) // FRAME_BYTES

    moment = service.get("/api/v1/motion", params={"clip": f"{clip}@2-3"})
    first = round((2 - expected.start_s) * 30)
    assert moment.content == whole.content[first * FRAME_BYTES : (first + 30) * FRAME_BYTES]
    assert float(moment.headers["motion-start-s"]) == pytest.approx(2, abs=1 / 60)


def test_ranges_of_bytes(service: httpx.Client, library: Library):
    def get(**headers: str) -> httpx.Response:
        return service.get("/api/v1/motion", params={"clip": library.short_clip}, headers=headers)

    whole = get().content
    size = len(whole)
    for wanted, part in {
        "bytes=0-137": whole[:138],
        f"bytes={size - 10}-": whole[-10:],
        "bytes=-138": whole[-138:],
        f"bytes=138-{10 * size}": whole[138:],
    }.items():
        response = get(Range=wanted)
        assert (response.status_code, response.content) == (206, part)
        assert response.headers["content-range"].endswith(f"/{size}")
    assert get(Range=f"bytes={size}-").status_code == 416
    for ignored in ("bytes=5-3", "bytes=-", "frames=0-1", "bytes=0-1,5-6"):
        assert get(Range=ignored).content == whole


def test_a_client_that_has_the_motion_does_not_get_it_again(service: httpx.Client, library: Library):
    params = {"clip": library.short_clip}
    first = service.get("/api/v1/motion", params=params)
    tag = first.headers["etag"]
    again = service.get("/api/v1/motion", params=params, headers={"If-None-Match": f'"other", W/{tag}'})
    assert (again.status_code, again.content) == (304, b"")
    other = service.get("/api/v1/motion", params={"clip": library.long_take})
    assert other.headers["etag"] != tag
    changed = {"Range": "bytes=0-9", "If-Range": other.headers["etag"]}
    assert service.get("/api/v1/motion", params=params, headers=changed).status_code == 200


def test_a_file_is_played_back_as_it_is_searched(service: httpx.Client, query_file: Path):
    played = post_form(service, "/api/v1/motion", {}, ("file", query_file))
    assert np.abs(decoded(played.content) - ClipResolver().resolve(query_file).clip.positions).max() < 1e-3
    skeleton = service.get("/api/v1/skeleton").json()
    assert len(skeleton["joints"]) == len(skeleton["parents"]) == 22
    assert skeleton["frame_bytes"] == FRAME_BYTES
