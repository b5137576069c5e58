"""Damage to motion files, from a seed: what editors, disks, mail gateways and attackers do to them."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

#: Words that take the place of others.
NASTY_WORDS = (
    "nan", "-inf", "1e400", "-1e400", "1e-400", "1e308", "99999999999999999999", "-1", "0", "1e9", "1000000001", "0x1F",
    "1_000", "1,5", "1.5.2", "1-2", "--1", "+", ".", "e5", "{", "}", "{}", "}}}", "\0", "\x1a", "\u0661", "é", "#", ":",
    "9" * 400, "0." + "3" * 400, "Infinity", "True", "HIERARCHY", "ROOT", "JOINT", "End Site", "CHANNELS", "OFFSET",
    "MOTION", "Frames:", "Frame Time:", "begin", "end", "root", "dof", "axis", ":root", ":bonedata", ":hierarchy", "l",
    "CHANNELS 999999999 Xrotation", "Frames: 4294967297", "Frames: 999999999999999999", "Frame Time: 1e-300", "tx ty",
)  # fmt: skip

Mutation = Callable[[random.Random, bytes], bytes]


def replace_word(chance: random.Random, content: bytes) -> bytes:
    """One word becomes a nasty one."""
    words = list(re.finditer(rb"\S+", content))
    if not words:
        return content
    word = chance.choice(words)
    return content[: word.start()] + chance.choice(NASTY_WORDS).encode() + content[word.end() :]


def drop_word(chance: random.Random, content: bytes) -> bytes:
    """One word is lost."""
    words = list(re.finditer(rb"\S+\s?", content))
    if not words:
        return content
    word = chance.choice(words)
    return content[: word.start()] + content[word.end() :]


def repeat_word(chance: random.Random, content: bytes) -> bytes:
    """One word stands there twice, or a few hundred times."""
    words = list(re.finditer(rb"\S+\s?", content))
    if not words:
        return content
    word = chance.choice(words)
    return content[: word.end()] + b" " + word.group() * chance.choice([1, 1, 300]) + content[word.end() :]


def shuffle_lines(chance: random.Random, content: bytes) -> bytes:
    """A line is lost, doubled, swapped with another, or joined with the next."""
    lines = content.splitlines(keepends=True)
    if len(lines) < 3:
        return content
    line, other = chance.randrange(len(lines) - 1), chance.randrange(len(lines) - 1)
    match chance.randrange(4):
        case 0:
            del lines[line]
        case 1:
            lines.insert(other, lines[line])
        case 2:
            lines[line], lines[other] = lines[other], lines[line]
        case _:
            lines[line] = lines[line].rstrip(b"\r\n") + b" "
    return b"".join(lines)


def repeat_block(chance: random.Random, content: bytes) -> bytes:
    """A run of lines stands there up to a thousand times, nested or not."""
    lines = content.splitlines(keepends=True)
    if not lines:
        return content
    start = chance.randrange(len(lines))
    block = lines[start : start + chance.randrange(1, 8)]
    return b"".join(lines[:start] + block * chance.choice([2, 30, 1000]) + lines[start:])


def cut(chance: random.Random, content: bytes) -> bytes:
    """The file ends early, begins late, or lacks a piece."""
    start, end = sorted(chance.randrange(len(content) + 1) for _ in range(2))
    return chance.choice([content[:start], content[start:], content[:start] + content[end:]])


def damage_bytes(chance: random.Random, content: bytes) -> bytes:
    """A few bytes become any others."""
    damaged = bytearray(content)
    for _ in range(chance.choice([1, 1, 2, 20])):
        if damaged:
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
    return bytes(damaged)


def insert_bytes(chance: random.Random, content: bytes) -> bytes:
    """A run of one byte or of rubbish appears."""
    place = chance.randrange(len(content) + 1)
    length = chance.choice([1, 5, 64, 5000])
    run = bytes([chance.choice(b"\0 \t\n\r{}#:.-9")]) * length if chance.random() < 0.7 else chance.randbytes(length)
    return content[:place] + run + content[place:]


def reencode(chance: random.Random, content: bytes) -> bytes:
    """The file goes through another encoding or other line ends."""
    text = content.decode("latin-1")
    return chance.choice(
        [
            text.encode("utf-16"),
            text.encode("utf-16")[: 2 * chance.randrange(40) + 1],
            b"\xef\xbb\xbf" + content,
            content.replace(b"\n", b"\r"),
            content.replace(b"\n", b"\r\n"),
            content.replace(b".", b","),
            content.replace(b"\n", b" "),
            content.replace(b" ", b"\n"),
            content.upper(),
            text.encode("utf-32"),
        ]
    )


MUTATIONS: tuple[Mutation, ...] = (
    replace_word, replace_word, replace_word, drop_word, repeat_word, shuffle_lines, shuffle_lines, repeat_block, cut,
    damage_bytes, insert_bytes, reencode,
)  # fmt: skip


def mutate(content: bytes, seed: int) -> bytes:
    """`content` after one to three mutations; the same for the same seed."""
    chance = random.Random(seed)
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        content = chance.choice(MUTATIONS)(chance, content)
    return content
