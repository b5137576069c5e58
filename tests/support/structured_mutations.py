"""Damage to the structure of motion files, from a seed: values in JSON, arrays in archives, words in binary files."""

from __future__ import annotations

import io
import json
import random
import struct
import zipfile
from typing import Any

import numpy as np

from .mutations import mutate

NASTY_VALUES = (
    None,
    True,
    "",
    "nan",
    -1,
    0,
    1,
    2**31,
    2**63,
    1e308,
    -1e-320,
    [],
    {},
    [[]],
    [None],
    {"node": -1},
    "é" * 99,
)
NASTY_WORDS = (
    0,
    1,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFF,
    0x7FC00000,
    0x7F7FFFFF,
)


def mutate_structure(content: bytes, seed: int) -> bytes:
    """`content` after mutations of its structure, or of its bytes; the same for the same seed."""
    chance = random.Random(seed)
    if chance.random() < 0.3:
        return mutate(content, seed)
    if content.startswith(b"glTF"):
        return _glb(chance, content)
    if content.startswith(b"PK"):
        return _archive(chance, content)
    if content.startswith(b"\x93NUMPY"):
        return _array(chance, content)
    encoding = json.detect_encoding(content[:64])
    if content.lstrip(b"\xef\xbb\xbf \n\r\t")[:1] in (b"{", b"["):
        try:
            document = json.loads(content.decode(encoding))
        except ValueError:
            return mutate(content, seed)
        return json.dumps(_json(chance, document)).encode(encoding)
    return _words(chance, content) if b"\0" in content[:4096] else mutate(content, seed)


def _json(chance: random.Random, document: Any) -> Any:
    """One to three values are others, are lost, are doubled, or are those of another place."""
    for _ in range(chance.choice([1, 1, 2, 3])):
        places = [(document, key) for key in _keys(document)]
        at = document
        while places and chance.random() < 0.85:
            holder, key = chance.choice(places)
            at = holder[key]
            if not isinstance(at, (dict, list)) or not at:
                break
            places = [(at, inner) for inner in _keys(at)]
        if not places:
            continue
        holder, key = chance.choice(places)
        match chance.randrange(5):
            case 0:
                del holder[key]
            case 1 if isinstance(holder, list):
                holder += [holder[key]] * chance.choice([1, 30])
            case 2:
                other = chance.choice(places)
                holder[key] = other[0][other[1]]
            case _:
                holder[key] = chance.choice(NASTY_VALUES)
    return document


def _keys(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value)
    return list(range(min(len(value), 200))) if isinstance(value, list) else []


def _glb(chance: random.Random, content: bytes) -> bytes:
    """A GLB file with another JSON chunk, or with other words in its binary chunk."""
    size = struct.unpack_from("<I", content, 12)[0]
    text, rest = content[20 : 20 + size], content[20 + size :]
    if chance.random() < 0.3:
        rest = _words(chance, rest)
    else:
        changed = json.dumps(_json(chance, json.loads(text))).encode()
        text = changed.ljust(-(-len(changed) // 4) * 4)
    return struct.pack("<4sIIII", b"glTF", 2, 20 + len(text) + len(rest), len(text), 0x4E4F534A) + text + rest


def _archive(chance: random.Random, content: bytes) -> bytes:
    """An .npz archive of which one array is another, is lost, or has another name."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = chance.choice(list(parts))
    match chance.randrange(4):
        case 0:
            del parts[name]
        case 1:
            parts[chance.choice(["fps.npy", "poses.npy", "joints.npy", "length.npy", "a.txt"])] = parts[name]
        case _:
            parts[name] = _array(chance, parts[name])
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, data in parts.items():
            archive.writestr(part, data)
    return written.getvalue()


def _array(chance: random.Random, content: bytes) -> bytes:
    """An array of another shape or type, with nasty numbers, or whose header promises other things."""
    try:
        array = np.load(io.BytesIO(content), allow_pickle=False)
    except (ValueError, EOFError, OSError):
        return _words(chance, content)
    match chance.randrange(6):
        case 0:
            array = array.astype(chance.choice(["f4", "f8", "i1", "i8", "c16", "U3", "?"]))
        case 1:
            array = array.reshape(-1)[: chance.choice([0, 1, 7, 66])]
        case 2 if array.size and array.dtype.kind == "f":
            array = array.copy()
            array.flat[chance.randrange(array.size)] = chance.choice([np.nan, np.inf, -1e30, 1e-30])
        case 3:
            array = array[None] if chance.random() < 0.5 else array.swapaxes(0, -1)
        case 4:
            head = content[:200].replace(
                str(array.shape[0] if array.ndim else 0).encode(), b"9" * chance.randrange(1, 12), 1
            )
            return head + content[200:]
        case _:
            return _words(chance, content)
    written = io.BytesIO()
    np.save(written, array)
    return written.getvalue()


def _words(chance: random.Random, content: bytes) -> bytes:
    """Aligned words of two, four or eight bytes, most of them near the beginning, become nasty ones."""
    changed = bytearray(content)
    for _ in range(chance.choice([1, 1, 2, 8])):
        width, order = chance.choice([1, 2, 4, 8]), chance.choice(["little", "big"])
        limit = len(changed) if chance.random() < 0.3 else min(len(changed), 4096)
        place = chance.randrange(max(limit // width, 1)) * width
        word = chance.choice(NASTY_WORDS) & ((1 << (8 * width)) - 1)
        changed[place : place + width] = word.to_bytes(width, order)  # type: ignore[arg-type]
    return bytes(changed)
