"""The interface: every option of the command line and no other, described by OpenAPI, without the internet."""

from __future__ import annotations

import asyncio
import gzip
import re
import socket
from dataclasses import fields
from pathlib import Path

import httpx
import pytest
from fastapi.routing import APIRoute
from support.generated_library import Library
from support.running_service import running_service
from support.viewer import needs_viewer

from mretrieve import QueryOptions
from mretrieve.cli.align import align
from mretrieve.cli.compare import compare
from mretrieve.cli.explain import explain
from mretrieve.cli.export import export
from mretrieve.cli.query import query
from mretrieve.service import pages
from mretrieve.service.models import AlignRequest, ExplainRequest, ExportRequest, PairRequest, QueryInput, QueryRequest

#: Options of commands that say which index is asked and in which way the answer is shown.
OF_THE_COMMAND = {"index", "device", "ray", "output", "page", "png", "out", "target", "force"}


def test_every_option_of_a_query_is_one_of_requests_and_the_other_way_round():
    typed = {parameter.name for parameter in query.params} - OF_THE_COMMAND - {"queries", "moments", "whole"}
    asked = set(QueryRequest.model_fields) - set(QueryInput.model_fields)
    assert asked == typed | {"scope"} == {field.name for field in fields(QueryOptions)}


def test_defaults_of_a_query_are_those_of_the_library():
    from mretrieve.service.request_clips import RequestFiles

    assert QueryRequest().options(RequestFiles.__new__(RequestFiles)) == QueryOptions()


@pytest.mark.parametrize(
    ("command", "model"),
    [(explain, ExplainRequest), (compare, PairRequest), (align, AlignRequest), (export, ExportRequest)],
)
def test_requests_have_the_options_of_the_other_commands(command, model):
    typed = {parameter.name for parameter in command.params} - OF_THE_COMMAND
    assert set(model.model_fields) - {"format"} == typed


def test_every_option_is_described(service: httpx.Client):
    described = service.get("/openapi.json").json()
    for path, methods in described["paths"].items():
        for operation in methods.values():
            assert operation["summary"], path
    form = described["paths"]["/api/v1/query"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert all(field.get("description") for field in form["properties"].values())
    assert "file" in form["properties"]


def test_the_reference_needs_neither_scripts_nor_the_internet(service: httpx.Client):
    page = service.get("/docs")
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert not re.findall(r"<script|https?:|//\w", page.text)
    assert "mretrieve" in page.text


@needs_viewer
def test_the_page_runs_its_own_script_only_and_asks_its_own_service_only(service: httpx.Client):
    page = service.get("/")
    assert page.headers["content-security-policy"] == "frame-ancestors 'none'"
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page.text)
    assert policy is not None
    hashed = r"'sha256-[\w+/]+=*'"
    assert re.fullmatch(
        rf"default-src 'none'; script-src {hashed} 'self' 'wasm-unsafe-eval'; style-src {hashed}; "
        "connect-src 'self'; img-src data:; media-src blob:; "
        "base-uri 'none'; form-action 'none'",
        policy[1],
    )
    assert len(gzip.compress(page.content)) < 700_000


def test_a_checkout_without_the_page_says_how_it_is_built(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pages, "files", lambda package: Path("nowhere"))
    (home, _) = pages.page_routes(dict).routes
    assert isinstance(home, APIRoute)
    assert "make web" in asyncio.run(home.endpoint()).body.decode()


@needs_viewer
def test_the_pose_model_is_public_and_nothing_else_in_its_folder(library: Library):
    with running_service(library.index, token="secret") as client:
        script = client.get("/pose/pose.js")
        assert (script.status_code, script.headers["content-type"].split(";")[0]) == (200, "text/javascript")
        with socket.create_connection((client.base_url.host, client.base_url.port or 0)) as plain:
            plain.sendall(b"GET /pose/../api/v1/index HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            assert plain.recv(100).startswith(b"HTTP/1.1 404")
        assert client.get("/pose/%2e%2e/search.html").status_code == 404
        assert client.get("/poses").status_code == 401
