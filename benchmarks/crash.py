"""Kill -9 at random moments of the commands that change an index: is anything lost, foreign or wrong afterwards?

    python benchmarks/crash.py [--minutes M] [--seed N]

One small index of generated motions is changed all the time: `index` after files came, went or changed, `remove`,
`compact`, `repair` of a file that was damaged, `rollback` and collection of old versions. Each command runs in a
process that is killed: every other time at any moment, else within 20 ms of the first change in the folder of the
index. Then every clip must be as it was before or as the command would have it, with the motion and the vectors that
its content gives; if the command came to its end first, all must be as it would have it. `verify` must find every byte,
a query by a clip must find that clip, and the same command must then come to its end. Exit status 1 if not.
"""

from __future__ import annotations

import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import click
from churning_index import SHARD, held, make_pool, name_of, update, wrongly_answered, wrongly_stored
from rich.console import Console
from rich.table import Table

from mretrieve import open_index
from mretrieve.indexer import compact_index, remove_clips, repair_index
from mretrieve.storage.commits import WriterLock, restore
from mretrieve.storage.garbage import collect_garbage
from mretrieve.storage.layout import SHARDS, versions
from mretrieve.storage.snapshot import Snapshot
from mretrieve.storage.verification import verify

#: Contents of files, and names that they have in turn.
CONTENTS, NAMES = 10, 8
#: The hash of the content of each clip, and of each file that was removed and stays out.
Content = dict[str, str]
_OUT = " (removed)"


class Churn:
    """The index, the files it is made of, and what it should hold.

    Attributes:
        index: its folder.
    """

    def __init__(self, place: Path, chance: Random) -> None:
        self._folder, self.index, self._chance = place / "motions", place / "index", chance
        self._folder.mkdir()
        self.pool = make_pool(place, CONTENTS)
        self._files: dict[str, int] = {}
        for number in range(NAMES // 2):
            self._put(name_of(number))
        update(self._folder, self.index)

    def before(self) -> Content:
        """What the index holds."""
        return content(Snapshot.open(self.index))

    def chosen(self) -> tuple[str, Callable[[], object], Content]:
        """A command, what runs it, and what the index holds after it."""
        before = self.before()
        kind = self._chance.choice(["index", "index", "index", "remove", "compact", "repair", "rollback", "collection"])
        match kind:
            case "index":
                for _ in range(self._chance.choice([1, 1, 2, 4])):
                    self._change_file()
                return kind, lambda: update(self._folder, self.index), self._wanted(before)
            case "remove" if len(clips := [name for name in before if not name.endswith(_OUT)]) > 1:
                clip = self._chance.choice(clips)
                after = {**before, clip + _OUT: before[clip]}
                del after[clip]
                return kind, lambda: self._remove(clip), after
            case "repair":
                self._damage()
                return kind, lambda: repair_index(self.index), before
            case "rollback":
                back = self._chance.choice(versions(self.index)[-5:])
                return kind, lambda: self._roll_back(back), content(Snapshot.open(self.index, back))
            case "collection":
                return kind, self._collect, before
        return "compact", lambda: compact_index(self.index, SHARD), before

    def _wanted(self, before: Content) -> Content:
        """What `index` makes of the files: clips of all but those that were removed and are still the same."""
        hashes = {name: self.pool.hashes[number] for name, number in self._files.items()}
        return {name + _OUT * (before.get(name + _OUT) == hashed): hashed for name, hashed in hashes.items()}

    def _put(self, name: str) -> None:
        self._files[name] = self._chance.randrange(CONTENTS)
        (self._folder / name).write_bytes(self.pool.contents[self._files[name]])

    def _change_file(self) -> None:
        name = name_of(self._chance.randrange(NAMES))
        if name in self._files and len(self._files) > 2 and self._chance.random() < 0.4:
            (self._folder / name).unlink()
            del self._files[name]
        else:
            self._put(name)

    def _remove(self, clip: str) -> None:
        if clip in held(Snapshot.open(self.index)):
            remove_clips(self.index, [clip])

    def _roll_back(self, version: int) -> None:
        with WriterLock(self.index):
            restore(self.index, version)

    def _collect(self) -> None:
        with WriterLock(self.index):
            collect_garbage(self.index, keep_versions=3, grace_s=-10.0)

    def _damage(self) -> None:
        """Zeros in the vectors or motions of a shard of the newest version."""
        shard = self._chance.choice(Snapshot.open(self.index).shards)
        file = self.index / SHARDS / shard.id / self._chance.choice(shard.mapped)
        content = bytearray(file.read_bytes())
        start = self._chance.randrange(len(content) // 2)
        content[start : start + 4096] = bytes(len(content[start : start + 4096]))
        file.unlink()
        file.write_bytes(content)


def content(snapshot: Snapshot) -> Content:
    """What a version holds, and what was removed from it."""
    removed = {file.path + _OUT: file.content_hash for file in snapshot.manifest.removed_files}
    return held(snapshot) | removed


def killed(command: Callable[[], object], index: Path, longest_s: float, early: bool, chance: Random) -> int | None:
    """Run a command in a process and kill it. Its exit status if it came to its end; None if it was killed."""
    process = multiprocessing.get_context("fork").Process(target=_run, args=(command,))
    seen = _state(index)
    process.start()
    if early:
        while _state(index) == seen and process.is_alive():
            time.sleep(0.0005)
        time.sleep(chance.uniform(0, 0.02))
    else:
        process.join(chance.uniform(0, longest_s))
    process.kill()
    process.join()
    return None if process.exitcode == -9 else process.exitcode


def _run(command: Callable[[], object]) -> None:
    command()


def _state(index: Path) -> list[int]:
    """Times of change of the folders of an index."""
    found = [index.stat().st_mtime_ns]
    with suppress(OSError):
        found += [path.stat().st_mtime_ns for path in sorted(index.iterdir())]
    return found


def wrong_content(now: Content, before: Content, after: Content, finished: bool) -> list[str]:
    """The clips that are neither as before nor as after."""
    if finished:
        return [] if now == after else [f"is {now}, not {after}"]
    names = {*now, *before, *after}
    return [name for name in names if now.get(name) not in (before.get(name), after.get(name))]


def judged(churn: Churn, before: Content, after: Content, finished: bool, damaged: bool, chance: Random) -> list[str]:
    """What is wrong with an index after a kill."""
    opened = open_index(churn.index)
    wrong = wrong_content(content(opened.snapshot), before, after, finished)
    if damaged and not finished:
        return wrong  # it may still be damaged
    wrong += [f"{clip}: is not what its content gives" for clip in wrongly_stored(opened.snapshot, churn.pool)]
    wrong += [str(problem) for problem in verify(churn.index) if not problem.harmless and not problem.is_old]
    if opened.clips:
        wrong += filter(None, [wrongly_answered(opened, chance.choice(list(opened.clips)))])
    return wrong


@click.command(help=__doc__)
@click.option("--minutes", type=click.FloatRange(min=0, min_open=True), default=1.0, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
def main(minutes: float, seed: int) -> None:
    chance = Random(seed)
    kills: Counter[str] = Counter()
    late: Counter[str] = Counter()
    harmed: Counter[str] = Counter()
    longest_s: dict[str, float] = {}
    until = time.perf_counter() + 60 * minutes
    with TemporaryDirectory() as folder:
        churn = Churn(Path(folder), chance)
        while time.perf_counter() < until:
            before = churn.before()
            kind, command, after = churn.chosen()
            status = killed(command, churn.index, longest_s.get(kind, 0.2), chance.random() < 0.5, chance)
            kills[kind] += status is None
            late[kind] += status is not None
            try:
                wrong = judged(churn, before, after, status == 0, kind == "repair", chance)
                started = time.perf_counter()
                command()
                longest_s[kind] = max(longest_s.get(kind, 0.0), time.perf_counter() - started)
                wrong += judged(churn, before, after, True, False, chance)
            except Exception as error:  # what this program looks for
                wrong = [f"{type(error).__name__}: {error}"]
            if wrong or status not in (0, None):
                harmed[kind] += 1
                print(f"{kind} (status {status}): {'; '.join(wrong)}", file=sys.stderr, flush=True)
                if harmed.total() >= 20:
                    break
    table = Table("command", "killed", "came to its end first", "harmed")
    for kind in sorted(kills | late):
        table.add_row(kind, str(kills[kind]), str(late[kind]), str(harmed[kind]))
    Console().print(table)
    print(f"{kills.total()} kills, {harmed.total()} did harm (seed {seed}, {minutes:g} minutes)")
    sys.exit(1 if harmed.total() else 0)


if __name__ == "__main__":
    main()
