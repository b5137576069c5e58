"""Stand-ins for the calls of `os` that an index is written with: one records, one fails, one lets others in between.

And a model of what a disk may hold after the power failed: bytes are certain once their file was synced, names once
their folder was synced, and of everything else any part may be there or not.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from mretrieve.storage import files

#: The calls that change a disk, or make a change certain.
CHANGES = ("open", "write", "fsync", "link", "rename", "replace", "unlink", "mkdir", "rmdir")


class StandIn:
    """`os`, with a function called before each call that changes the disk; what it raises, the call raises."""

    def __init__(self, before: Callable[[str, tuple[Any, ...]], None]) -> None:
        self._before = before

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        if name not in CHANGES:
            return real

        def call(*args: Any) -> Any:
            if name != "open" or args[1] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                self._before(name, args)
            return real(*args)

        return call


class Failing(StandIn):
    """`os` whose n-th change of the disk fails, and all later ones if `for_good`."""

    def __init__(self, nth: int, number: int, for_good: bool) -> None:
        self.calls = 0

        def before(name: str, args: tuple[Any, ...]) -> None:
            self.calls += 1
            if self.calls == nth or (for_good and self.calls > nth):
                raise OSError(
                    number, os.strerror(number), *(argument for argument in args[:1] if isinstance(argument, Path))
                )

        super().__init__(before)


class Crash(Enum):
    """What the disk keeps of what was not synced."""

    KEEPS_ALL = "all of it"
    DROPS_ALL = "nothing"
    KEEPS_NAMES = "names, but not the bytes of files"
    TEARS = "names, and the first half of the bytes"
    REORDERS = "names in the folder that was changed last"


@dataclass(eq=False)
class _File:
    content: bytes = b""
    synced: bytes = b""


@dataclass(eq=False)
class _Folder:
    entries: dict[str, _File | _Folder] = field(default_factory=dict)
    synced: dict[str, _File | _Folder] = field(default_factory=dict)


class Disk:
    """The part of a disk below `root`; it begins as the real one is, all of it synced."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._tree = self._read(root)
        self._changed_last: dict[str, _File | _Folder] = {}

    def copy(self, root: Path) -> Disk:
        """The same state of a disk, for a folder with the same names elsewhere."""
        other = copy.deepcopy(self)
        other._root = root
        return other

    def _read(self, path: Path) -> _File | _Folder:
        if path.is_file():
            return _File(path.read_bytes(), path.read_bytes())
        entries = {inside.name: self._read(inside) for inside in path.iterdir()}
        return _Folder(entries, dict(entries))

    def _find(self, path: Path) -> Any:
        found: Any = self._tree
        for name in path.relative_to(self._root).parts:
            found = found.entries[name]
        return found

    def _entries(self, path: Path) -> dict[str, _File | _Folder]:
        """The names in the folder that a path lies in, which are about to change."""
        self._changed_last = self._find(path.parent).entries
        return self._changed_last

    def apply(self, operation: str, *args: Any) -> None:
        """Do what a recorded operation did."""
        paths = [argument for argument in args if isinstance(argument, Path)]
        match operation:
            case "create":
                self._entries(paths[0])[paths[0].name] = _File()
            case "mkdir":
                self._entries(paths[0])[paths[0].name] = _Folder()
            case "write":
                self._find(paths[0]).content += args[1]
            case "fsync":
                synced = self._find(paths[0])
                if isinstance(synced, _File):
                    synced.synced = synced.content
                else:
                    synced.synced = dict(synced.entries)
            case "link":
                self._entries(paths[1])[paths[1].name] = self._find(paths[0])
            case "rename" | "replace":
                self._entries(paths[1])[paths[1].name] = self._entries(paths[0]).pop(paths[0].name)
            case "unlink" | "rmdir":
                del self._entries(paths[0])[paths[0].name]

    def after(self, crash: Crash) -> dict[str, bytes | None]:
        """What a crash now leaves: relative path -> content, None for a folder."""
        left: dict[str, bytes | None] = {}

        def walk(folder: _Folder, prefix: str) -> None:
            lost = crash is Crash.DROPS_ALL or (crash is Crash.REORDERS and folder.entries is not self._changed_last)
            entries = folder.synced if lost else folder.entries
            for name, entry in sorted(entries.items()):
                if isinstance(entry, _Folder):
                    left[prefix + name] = None
                    walk(entry, prefix + name + "/")
                elif crash is Crash.KEEPS_ALL:
                    left[prefix + name] = entry.content
                elif crash is Crash.TEARS and entry.content != entry.synced:
                    left[prefix + name] = entry.content[: len(entry.content) // 2]
                else:
                    left[prefix + name] = entry.synced

        assert isinstance(self._tree, _Folder)
        walk(self._tree, "")
        return left


def recorded(action: Callable[[], None], sees_syncs: bool = True) -> list[tuple[Any, ...]]:
    """Do something and return the operations on the disk that it consisted of."""
    operations: list[tuple[Any, ...]] = []
    opened: dict[int, Path] = {}

    class Recorder(StandIn):
        def __getattr__(self, name: str) -> Any:
            real = getattr(os, name)

            def call(*args: Any) -> Any:
                result = real(*args)
                match name:
                    case "open":
                        opened[result] = Path(args[0])
                        if args[1] & os.O_CREAT:
                            operations.append(("create", Path(args[0])))
                    case "write":
                        operations.append(("write", opened[args[0]], bytes(args[1])[:result]))
                    case "fsync":
                        if sees_syncs:
                            operations.append(("fsync", opened[args[0]]))
                    case _:
                        operations.append((name, *map(Path, args)))
                return result

            return call if name in CHANGES else real

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "os", Recorder(lambda name, args: None))
        action()
    return operations


def crash_states(root: Disk, operations: list[tuple[Any, ...]]) -> list[tuple[int, Crash, dict[str, bytes | None]]]:
    """All different states that a crash before, between or after operations can leave, and after how many it did."""
    states: list[tuple[int, Crash, dict[str, bytes | None]]] = []
    seen: set[tuple[tuple[str, bytes | None], ...]] = set()
    for done in range(len(operations) + 1):
        if done:
            root.apply(*operations[done - 1])
        for crash in Crash:
            left = root.after(crash)
            key = tuple(sorted(left.items()))
            if key not in seen or done == len(operations):
                seen.add(key)
                states.append((done, crash, left))
    return states


def materialise(left: dict[str, bytes | None], folder: Path) -> None:
    """Make a state of a disk real."""
    folder.mkdir()
    for name, content in left.items():
        if content is None:
            (folder / name).mkdir()
        else:
            (folder / name).write_bytes(content)
