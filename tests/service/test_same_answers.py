"""The service answers as the command line and the library do: one function, one JSON."""

from __future__ import annotations

import io
import json
import random
import re
import zipfile
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from support.command_line import Run
from support.generated_library import Library
from support.moving_bodies import random_clip
from support.running_service import post_form
from support.written_keypoints import COCO, coco_document, one_body, pixels, seen_from, write_json, write_openpose

from mretrieve import Clip, QueryOptions
from mretrieve.json_text import as_json
from mretrieve.maps import map_library
from mretrieve.motion import JOINTS

#: Options as they are typed, and as a request has them.
OPTIONS: list[tuple[list[str], dict[str, Any]]] = [
    ([], {}),
    (["-k", "3"], {"k": 3}),
    (["--mirror"], {"mirror": "both"}),
    (["--moments", "--all-moments"], {"scope": "moments", "all_moments": True}),
    (["--whole", "--exclude-self"], {"scope": "whole", "exclude_self": True}),
    (["--where", "label = 'walk' OR duration_s > 8"], {"where": "label = 'walk' OR duration_s > 8"}),
    (["--rerank", "0"], {"rerank": 0}),
    (["--encoder", "pose-statistics", "--weights", "1"], {"encoder": "pose-statistics", "encoder_weights": "1"}),
    (["--start", "0.4", "--end", "1.4"], {"start_s": 0.4, "end_s": 1.4}),
]


def timeless(text: str) -> str:
    """An answer without the milliseconds that it took, which no two answers share."""
    return re.sub(r'"(read|encode|search|rerank)": [0-9.e-]+', r'"\1": 0', text)


def named_queries(library: Library) -> Iterator[tuple[str, int]]:
    """Clips and moments of the library, and which options they are searched with."""
    draw = random.Random(1)
    for number in range(38):
        clip = draw.choice(library.opened.clips)
        start_s = round(draw.uniform(0.2, 0.6), 2)
        yield clip if number % 2 else f"{clip}@{start_s}-{start_s + 1.1:.2f}", number % (len(OPTIONS) - number % 2)


def test_fifty_queries_of_every_kind_are_answered_alike(
    service: httpx.Client, library: Library, printed: Run, query_file: Path, tmp_path: Path
):
    dance = write_openpose(tmp_path / "dance", one_body(pixels(seen_from(random_clip(1, 60)), "body-25")))
    pair = [pixels(seen_from(random_clip(seed, 60)), "coco-17", (300 * seed, 360)) for seed in (1, 3)]
    document = coco_document([list(frame) for frame in zip(*pair, strict=True)], COCO, track_ids=True)
    write_json(tmp_path / "pair.json", document)
    count = 0

    def check(typed: str, words: list[str], response: httpx.Response, folder: Path = tmp_path) -> None:
        nonlocal count
        assert timeless(response.text) == timeless(printed("query", typed, *words, "--format", "json", folder=folder))
        count += 1

    for name, number in named_queries(library):
        words, fields = OPTIONS[number]
        check(name, words, service.post("/api/v1/query", json={"query": name, **fields}))
    for words, fields in OPTIONS:
        check(
            query_file.name,
            words,
            post_form(service, "/api/v1/query", fields, ("query", query_file)),
            query_file.parent,
        )
    moment = f"{query_file.name}@0.50-1.50"
    check(moment, [], post_form(service, "/api/v1/query", {"query": moment}, ("file", query_file)), query_file.parent)
    for name in ("pair.json#0", "pair.json#1@0.5-1.5"):
        check(name, [], post_form(service, "/api/v1/query", {"query": name}, ("file", tmp_path / "pair.json")))
    frames = [("file", frame) for frame in sorted(dance.parent.iterdir())]
    check(dance.name, [], post_form(service, "/api/v1/query", {"query": dance.name}, *frames), dance.parent)
    (tmp_path / "answer.json").write_text(printed("query", query_file, "--format", "json", folder=tmp_path))
    saved = post_form(service, "/api/v1/query", {"query": "answer.json#2"}, ("file", tmp_path / "answer.json"))
    check("answer.json#2", [], saved)
    assert count >= 50


def test_arrays_are_answered_as_from_python(service: httpx.Client, library: Library):
    clip = random_clip(4, 70)
    positions = clip.positions.astype(float).tolist()
    expected = library.opened.search(np.array(positions), k=5, fps=30)
    answer = service.post("/api/v1/query", json={"positions": positions, "fps": 30, "k": 5}).json()
    assert answer["results"] == expected.to_dict()["results"]
    named = {"positions": positions, "fps": 30, "k": 5, "joints": list(JOINTS)}
    assert service.post("/api/v1/query", json=named).json()["results"]
    canonical = {"positions": positions, "canonical": True, "k": 5}
    as_it_is = library.opened.search(Clip(clip.positions, np.ones((70, 22), bool)), k=5)
    assert service.post("/api/v1/query", json=canonical).json()["results"] == as_it_is.to_dict()["results"]
    positions[3][20] = [None, None, None]
    assert service.post("/api/v1/query", json={**canonical, "positions": positions}).status_code == 400
    assert service.post("/api/v1/query", json={"positions": positions, "fps": 30}).status_code == 200


def test_keypoints_are_answered_as_their_file(service: httpx.Client, tmp_path: Path):
    seen = pixels(seen_from(random_clip(2, 60)), "coco-17")
    file = write_json(tmp_path / "one.json", coco_document(one_body(seen), COCO))
    body = {"keypoints": seen.tolist(), "joint_set": "coco-17", "image_size": [1280, 720]}
    arrays = service.post("/api/v1/query", json=body).json()
    files = post_form(service, "/api/v1/query", {}, ("file", file)).json()
    assert [hit["clip"] for hit in arrays["results"]] == [hit["clip"] for hit in files["results"]]
    assert arrays["results"][0]["camera_azimuth_deg"] == files["results"][0]["camera_azimuth_deg"]


@pytest.mark.parametrize(
    ("path", "words", "fields"),
    [
        ("explain", ["zoe_kick.bvh", "CLIP", "--parts", "legs", "--start", "0.3"], {"parts": "legs", "start_s": 0.3}),
        ("compare", ["zoe_kick.bvh", "CLIP", "--parts", "arms=1,legs=0.5"], {"parts": "arms=1,legs=0.5"}),
        ("align", ["zoe_kick.bvh", "CLIP", "--find"], {"find": True, "format": "csv"}),
        ("align", ["zoe_kick.bvh@0.5-1.5", "CLIP", "--format", "json"], {}),
    ],
)
def test_comparisons_are_those_of_the_command_line(
    service: httpx.Client,
    library: Library,
    printed: Run,
    query_file: Path,
    path: str,
    words: list[str],
    fields: dict[str, Any],
):
    typed = [library.short_clip if word == "CLIP" else word for word in words]
    names = ("query", "moment") if path == "explain" else ("a", "b")
    fields = {**fields, **dict(zip(names, typed, strict=False))}
    response = post_form(service, f"/api/v1/{path}", fields, ("file", query_file))
    assert response.status_code == 200, response.text
    json_words = [] if path == "align" else ["--format", "json"]
    assert response.text == printed(path, *typed, *json_words, folder=query_file.parent)


def test_an_exported_moment_is_the_file_of_the_command_line(
    service: httpx.Client, library: Library, printed: Run, query_file: Path
):
    moment = f"{library.short_clip}@0.30-1.20"
    words = ["--to", "-", "--mirror", "--fps", "24", "--retime-to", query_file.name]
    fields = {"moment": moment, "mirrored": True, "fps": 24, "retime_to": query_file.name}
    response = post_form(service, "/api/v1/export", fields, ("file", query_file))
    assert response.text == printed("export", moment, *words, folder=query_file.parent)
    assert response.headers["content-disposition"].startswith("attachment; filename*=UTF-8''")


def test_what_is_played_is_the_answer_and_the_report_of_the_command_line(
    service: httpx.Client, library: Library, printed: Run, query_file: Path
):
    words = ["--mirror", "both", "-k", "4", "--parts", "arms=1,legs=0.5"]
    fields = {"mirror": "both", "k": 4, "parts": "arms=1,legs=0.5"}
    played = post_form(service, "/api/v1/playback", fields, ("query", query_file)).json()
    text = printed("query", query_file.name, *words, "--format", "json", folder=query_file.parent)
    assert timeless(as_json(played["answer"])) == timeless(text)
    chosen = QueryOptions(k=4, mirror="both", parts="arms=1,legs=0.5")
    with chdir(query_file.parent):
        answer = library.opened.search(query_file.name, options=chosen)
        expected = library.opened.playback(answer, query_file.name, options=chosen)
    assert played["playback"] == json.loads(json.dumps(expected.to_dict()))


def test_an_archive_holds_the_exported_files_and_says_what_is_missing(service: httpx.Client, library: Library):
    moments = [f"{library.short_clip}@0.30-1.20", library.short_clip]
    response = service.post("/api/v1/exports", json={"moments": [*moments, "absent.bvh"], "fps": 24})
    assert response.headers["moments-missing"] == "1"
    archive = zipfile.ZipFile(io.BytesIO(response.content))
    *names, missing = archive.namelist()
    assert {str(Path(name).parent) for name in names} == {str(Path(library.short_clip).parent)}
    assert [archive.read(name) for name in names] == [
        service.post("/api/v1/export", json={"moment": moment, "fps": 24}).content for moment in moments
    ]
    assert archive.read(missing).decode().startswith("absent.bvh: no clip of this name")
    assert service.post("/api/v1/exports", json={"moments": ["absent.bvh"]}).status_code == 400
    assert service.post("/api/v1/exports", json={"moments": []}).status_code == 422


def test_the_map_is_that_of_the_library_and_a_clip_is_placed_where_it_is(service: httpx.Client, library: Library):
    drawn = service.get("/api/v1/map").json()["clips"]
    assert [each["clip"] for each in drawn] == library.opened.clips
    assert np.array([each["place"] for each in drawn]) == pytest.approx(map_library(library.snapshot).points, abs=1e-4)
    (own,) = [each for each in drawn if each["clip"] == library.short_clip]
    place = service.post("/api/v1/map", json={"query": library.short_clip}).json()["place"]
    assert place == pytest.approx(own["place"], abs=1e-3)
    assert own["labels"]["label"] == "kick"


def test_the_library_is_described_as_on_the_command_line(service: httpx.Client, printed: Run, tmp_path: Path):
    assert service.get("/api/v1/index").text == printed("info", "--format", "json", folder=tmp_path)
    where = "label = 'walk' AND duration_s > 1"
    listed = json.loads(printed("list", "--where", where, "--format", "json", folder=tmp_path))["clips"]
    pages = [
        service.get("/api/v1/clips", params={"where": where, "offset": offset, "limit": 1}).json()
        for offset in range(len(listed))
    ]
    assert [clip for page in pages for clip in page["clips"]] == listed
    assert {page["total"] for page in pages} == {len(listed)}
    assert service.get("/api/v1/where").text == printed("list", "--where", "help", folder=tmp_path)
