"""The devices that `--device` names. torch is imported only here and by whatever then computes on them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .errors import MRetrieveError
from .version import install_hint

if TYPE_CHECKING:
    import torch


def find_devices(name: str) -> tuple[torch.device, ...]:
    """The torch devices of a name: `cpu`, `cuda` (the first GPU), `cuda:1`, or `all` GPUs.

    Raises:
        MRetrieveError: the name is none of these, torch is not installed, or it finds no such GPU.
    """
    if not re.fullmatch(r"cpu|all|cuda(:\d{1,3})?", name):
        raise MRetrieveError(f"--device {name}: no such device; choose cpu, cuda, cuda:1 (the second GPU) or all")
    try:
        import torch
    except ImportError:
        raise MRetrieveError(f"--device {name} needs PyTorch; {install_hint('gpu')}") from None
    if name == "cpu":
        return (torch.device("cpu"),)
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if not count:
        raise MRetrieveError(f"--device {name}: torch finds no CUDA device; leave the option out to use the CPU")
    if name == "all":
        return tuple(torch.device("cuda", number) for number in range(count))
    number = int(name.partition(":")[2] or 0)
    if number >= count:
        raise MRetrieveError(f"--device {name}: torch finds {count} CUDA device{'s' * (count > 1)}; they count from 0")
    return (torch.device("cuda", number),)
