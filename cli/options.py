"""Options and printing that several commands share."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.shell_completion import CompletionItem

from mretrieve.errors import MRetrieveError, QueryError
from mretrieve.printable import printable
from mretrieve.search.options import QueryOptions

if TYPE_CHECKING:
    from mretrieve.comparison import NamedClip
    from mretrieve.comparison.playback import Playback
    from mretrieve.search.answer import Answer
    from mretrieve.search.classification import Classified

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def safe_cell(value: object) -> object:
    """A CSV cell that no spreadsheet takes for a formula: such text gets an apostrophe in front."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def flush_columns(rows: Sequence[Sequence[str]], right: Collection[int] = ()) -> list[str]:
    """Rows of cells, which may be in colour, as lines; the columns `right` are set flush right, the others left."""
    sizes = [[len(click.unstyle(cell)) for cell in row] for row in rows]
    widths = [max(column) for column in zip(*sizes, strict=True)]
    lines = []
    for row, lengths in zip(rows, sizes, strict=True):
        gaps = [" " * (width - length) for width, length in zip(widths, lengths, strict=True)]
        cells = zip(row, gaps, strict=True)
        set_cells = [gap + cell if at in right else cell + gap for at, (cell, gap) in enumerate(cells)]
        lines.append("  ".join(set_cells).rstrip())
    return lines


def reported_as_partial(answer: Answer | Classified) -> bool:
    """Whether an answer is partial; says so on standard error."""
    for damage in answer.damage:
        click.echo(f"Partial: {printable(damage)}", err=True)
    if len(answer.missing_shards) > len(answer.damage):
        missing = ", ".join(answer.missing_shards)
        click.echo(f"Partial: shards {missing} were not searched, as no process answers for them", err=True)
    return bool(answer.missing_shards)


_Command = TypeVar("_Command", bound=Callable[..., Any])

PATH = click.Path(path_type=Path)


class Size(click.ParamType):  # type: ignore[type-arg]  # older clicks have no type arguments
    """A number of bytes: 500M, 6G; 0 for `none`."""

    name = "size"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """See click.ParamType."""
        if str(value).lower() in ("none", "0"):
            return 0
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", str(value), re.IGNORECASE)
        size = int(float(match[1]) * 1024 ** " KMGT".index(match[2].upper() or " ")) if match else 0
        if not size:
            self.fail(f"{value!r}: give a size as in 500M or 6G, or none", param, ctx)
        return size


INDEX = click.option(
    "--index",
    type=PATH,
    metavar="DIR",
    help="The index. [default: $MRETRIEVE_INDEX, else .mretrieve here or in a parent folder]",
)
ASF = click.option("--asf", type=PATH, metavar="FILE", help="Skeleton of AMC files that do not have it next to them.")
RIG_MAP = click.option("--rig-map", type=PATH, metavar="FILE", help="Rig map saved by `mretrieve rig --save`.")
FPS = click.option(
    "--fps",
    type=click.FloatRange(1, 10_000),
    metavar="N",
    help="Frames per second of keypoint files. [default: as the file says, else 30]",
)
POSE_MODEL = click.option(
    "--pose-model",
    type=PATH,
    metavar="FILE",
    help="What finds people in videos: a MediaPipe Pose Landmarker bundle (.task), or rtmlib. "
    "[default: $MRETRIEVE_POSE_MODEL]",
)
FORCE = click.option("--force", is_flag=True, help="Overwrite files that exist.")
PARTS = click.option(
    "--parts",
    metavar="PART=W,...",
    help="How much each body part counts: arms=1,legs=0. Parts: torso, left_arm, right_arm, left_leg, right_leg, arms, "
    "legs, upper, lower, left, right, body.",
)
WHERE = click.option(
    "--where",
    metavar="EXPR",
    help="Only clips that meet a condition: \"label = 'walk' AND duration_s > 2\". `--where help` explains.",
)


def device(help_text: str) -> Callable[[_Command], _Command]:
    """The option --device of `index` and `query`."""
    return click.option("--device", metavar="cuda|cuda:N|all|cpu", help=help_text)


RAY = click.option(
    "--ray",
    metavar="ADDRESS",
    help="Search the vectors on a Ray cluster: auto, HOST:PORT, or local for one on this machine.",
)


def html(help_text: str) -> Callable[[_Command], _Command]:
    """The option --html of the commands that compare motions; its value is the parameter `page`."""
    return click.option("--html", "page", type=PATH, metavar="FILE.html", help=help_text)


START = click.option("--start", "start_s", type=float, metavar="S", help="Use the query from this second on.")
END = click.option("--end", "end_s", type=float, metavar="S", help="Use the query up to this second.")


def reading_options(command: _Command) -> _Command:
    """The options --parts, --index, --asf, --rig-map and --fps."""
    for option in (FPS, RIG_MAP, ASF, INDEX, PARTS):
        command = option(command)
    return command


def _weights(_context: click.Context, _parameter: click.Parameter, text: str | None) -> list[float] | None:
    """The numbers of "0.7,0.3"."""
    if text is None:
        return None
    try:
        return [float(number) for number in text.split(",")]
    except ValueError:
        raise QueryError(f"--weights {text!r}: give a number for each encoder, as in --weights 0.7,0.3") from None


def encoder_weights(help_text: str) -> Callable[[_Command], _Command]:
    """The option --weights of `index` and `query`."""
    return click.option("--weights", "encoder_weights", metavar="W,W", callback=_weights, help=help_text)


def query_options(command: _Command) -> _Command:
    """One option for each field of QueryOptions, named after it and with its default; two flags for its scope."""
    defaults = QueryOptions()
    options = (
        click.option("-k", default=defaults.k, show_default=True, type=click.IntRange(min=1), help="Number of hits."),
        START,
        END,
        WHERE,
        click.option("--exclude-self", is_flag=True, help="Leave out the clip that the query itself is."),
        click.option(
            "--moments", is_flag=True, help="Return the best-matching moment of every clip, regardless of clip length."
        ),
        click.option("--whole", is_flag=True, help="Compare clips as a whole, regardless of clip length."),
        click.option("--all-moments", is_flag=True, help="Return every matching moment of a clip, not only its best."),
        PARTS,
        click.option(
            "--mirror",
            is_flag=False,
            flag_value="both",
            default=defaults.mirror,
            show_default=True,
            type=click.Choice(["none", "whole", "both", "arms", "legs", "any"]),
            help="Search for mirror images: only the mirror image (whole), the query and its mirror image (both), the "
            "query and itself with left and right arms or legs exchanged (arms, legs), or all of these (any).",
        ),
        click.option(
            "--rerank",
            default=defaults.rerank,
            show_default=True,
            type=click.IntRange(min=0),
            metavar="N",
            help="Align the best N candidates frame by frame; 0 ranks by the encoder alone.",
        ),
        click.option(
            "--encoder",
            multiple=True,
            callback=lambda _context, _parameter, names: names or None,
            metavar="A,B",
            help="Encoders to search with (names or weights files); several are combined. [default: all]",
        ),
        encoder_weights("Weight of each of these encoders: 0.7,0.3. [default: as stored in the index]"),
        click.option(
            "--mapper", type=PATH, metavar="FILE", help="Sub-motion network written by `mretrieve train submotion`."
        ),
        click.option(
            "--group",
            metavar="COLUMN",
            help="Compare motions as seen from the mean of their group, such as performer, style or rig, so that the "
            "same action by others comes first.",
        ),
        click.option(
            "--query-group",
            metavar="VALUE",
            help="The query's value in that column. [default: that of the clip that the query is, else the nearest]",
        ),
        ASF,
        RIG_MAP,
        FPS,
        POSE_MODEL,
    )
    for option in reversed(options):
        command = option(command)
    return command


def given_options(values: dict[str, Any]) -> QueryOptions:
    """The values of `query_options` as one. QueryError: an option has no meaning, or two contradict each other."""
    moments, whole = values.pop("moments"), values.pop("whole")
    if moments and whole:
        raise QueryError("--moments and --whole contradict each other; leave out one")
    return QueryOptions(**values, scope="moments" if moments else "whole" if whole else "auto")


def complete_clip(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Shell completion of a clip's name: files, and the clips of the index that is found from here."""
    from mretrieve.storage.ownership import find_index
    from mretrieve.storage.snapshot import Snapshot

    try:
        names = Snapshot.open(find_index()).clips["clip"].to_pylist()
    except MRetrieveError:
        names = []
    clips = [CompletionItem(name) for name in names if name.startswith(incomplete)]
    return [*clips, CompletionItem(incomplete, type="file")]


def note_lifted(*clips: NamedClip) -> None:
    """Print a note on standard error if a clip was lifted from 2D: its distances differ from those of a query."""
    if any(clip.is_lifted for clip in clips):
        from mretrieve.comparison.named_clip import LIFTED

        click.echo(f"Note: {LIFTED}", err=True)


def check_new(path: Path, force: bool) -> None:
    """MRetrieveError if a file exists and may not be overwritten, or its folder does not exist."""
    if path.is_dir():
        raise MRetrieveError(f"{path}: is a folder; name a file")
    if not path.parent.is_dir():
        raise MRetrieveError(f"{path}: there is no folder {path.parent}; create it first")
    if path.exists() and not force:
        raise MRetrieveError(f"{path}: exists; overwrite it with --force, or name another file")


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all, and say so. MRetrieveError: it cannot be written."""
    from mretrieve.atomic_file import atomic_write

    try:
        with atomic_write(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    except OSError as error:
        raise MRetrieveError(f"{path}: cannot be written: {error.strerror or error}; name another file") from None
    click.echo(f"Wrote {path}", err=True)


def write_page(path: Path, playback: Playback) -> None:
    """Write a page for the browser. MRetrieveError: the viewer is not built, or the file cannot be written."""
    from mretrieve.comparison.page import page

    write_text(path, page(playback))
