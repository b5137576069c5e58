"""`--device`: its names, and one line for each that cannot be used."""

from __future__ import annotations

import sys

import pytest

from mretrieve.devices import find_devices
from mretrieve.errors import MRetrieveError


def _gpus(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: count > 0)
    monkeypatch.setattr("torch.cuda.device_count", lambda: count)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("cpu", ["cpu"]), ("cuda", ["cuda:0"]), ("cuda:1", ["cuda:1"]), ("all", ["cuda:0", "cuda:1"])],
)
def test_a_name_means_these_devices(name: str, expected: list[str], monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("torch", reason="NO TORCH: devices are not tested")
    _gpus(monkeypatch, 2)
    assert list(map(str, find_devices(name))) == expected


@pytest.mark.parametrize(
    ("name", "gpus", "reason"),
    [
        ("cuda", 0, "--device cuda: torch finds no CUDA device; leave the option out to use the CPU"),
        ("all", 0, "--device all: torch finds no CUDA device"),
        ("cuda:2", 2, "--device cuda:2: torch finds 2 CUDA devices; they count from 0"),
        ("gpu", 2, "--device gpu: no such device; choose cpu, cuda"),
        ("cuda:-1", 2, "--device cuda:-1: no such device"),
    ],
)
def test_a_device_that_is_not_there_is_refused(name: str, gpus: int, reason: str, monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("torch", reason="NO TORCH: devices are not tested")
    _gpus(monkeypatch, gpus)
    with pytest.raises(MRetrieveError) as refused:
        find_devices(name)
    assert str(refused.value).startswith(reason)
    assert "\n" not in str(refused.value)


def test_without_torch_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MRetrieveError, match=r"--device cuda needs PyTorch; .*pip install 'mretrieve-mocap\[gpu\]'"):
        find_devices("cuda")
