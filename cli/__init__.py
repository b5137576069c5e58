"""The command line: parse, call one library function, print."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from importlib import import_module

import click

from mretrieve.errors import MRetrieveError
from mretrieve.version import __version__

#: Commands by name and where they live: a command's module is imported when it is called, so that --help stays quick.
_COMMANDS = {
    "index": ("index", "Index a folder of motion files, or bring its index up to date."),
    "query": ("query", "Print the moments that move most like a clip."),
    "classify": ("classify", "Print the class of a clip, by the labels of the indexed clips most like it."),
    "explain": ("explain", "Explain why a moment matches a clip: which joints differ, when, and by how much."),
    "compare": ("compare", "Compare two takes of the same motion, with advice for each part of the body."),
    "align": ("align", "Tell which frame of one clip answers to which of another."),
    "show": ("show", "Draw a moment as a picture, a GIF or a video."),
    "map": ("map", "Draw all clips of an index as points, alike ones near each other."),
    "export": ("export", "Write a moment as BVH, cut out of its own file on its own rig."),
    "info": ("index", "Describe the contents of an index."),
    "list": ("index", "List the clips of an index with their durations and labels."),
    "verify": ("index", "Check every file of an index."),
    "repair": ("index", "Make the damaged parts of an index again."),
    "doctor": ("index", "Measure how well an index is searched, and advise what to change."),
    "remove": ("index", "Remove clips from an index."),
    "compact": ("index", "Merge the small shards of an index."),
    "versions": ("index", "List the versions of an index that are kept."),
    "rollback": ("index", "Go back to an older version of an index."),
    "formats": ("formats", "List the motion formats, and what is missing to read them."),
    "push": ("publish", "Copy an index to an object store or another disk."),
    "pull": ("publish", "Fetch an index from an object store or another disk."),
    "serve": ("serve", "Serve a page for searching, and answers over HTTP for programs."),
    "pose": ("pose", "Find the people in a video and write their joints."),
    "rig": ("rig", "Show which joint of a file plays which canonical joint."),
    "train": ("train", "Train an encoder on your own motion and labels."),
    "evaluate": ("evaluate", "Measure retrieval on a named protocol with a pinned split."),
    "demo": ("demo", "Write a small library of generated motions to try things on."),
}


class Commands(click.Group):
    """Commands that are imported when called; an error of the user's is one line and exit status 2."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order in which a new user needs them."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported now."""
        if cmd_name not in _COMMANDS:
            return None
        members = vars(import_module(f"{__name__}.{_COMMANDS[cmd_name][0]}")).values()
        return next(member for member in members if isinstance(member, click.Command) and member.name == cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands for --help, without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, about) in _COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it, with a suggestion for a misspelt command."""
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            import difflib

            close = difflib.get_close_matches(args[0], _COMMANDS)
            if close:
                ctx.fail(f"No such command {args[0]!r}; did you mean {close[0]!r}?")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; print a user's error in one line."""
        try:
            return super().invoke(ctx)
        except MRetrieveError as error:
            click.echo(f"Error: {error}", err=True)
            ctx.exit(2)
        except BrokenPipeError:  # `mretrieve query ... | head` closed our output: not an error of anyone's
            sys.stderr.close()
            ctx.exit(1)
        except OSError as error:  # a full disk behind our own output; errors of files are MRetrieveErrors
            click.echo(f"Error: {error.filename or 'output'}: {error.strerror or error}", err=True)
            ctx.exit(2)


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="mretrieve %(version)s")
def main() -> None:
    """Find the moments in a motion library where a body moves like this one.

    \b
    mretrieve index ./mocap          once: read every motion file and make an index
    mretrieve query clip.bvh -k 10   which clip, from when to when, how alike
    """
    # One query is too small to share out: OpenBLAS's second thread costs more than it brings, and it fights with ours.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    # Trainings use all cores. Threads that wait for each other in a loop would take many times as long if another
    # program needs a core.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def run() -> None:
    """The `mretrieve` command: `main` as a process of its own."""
    # At its end Python looks for garbage among all objects, which takes a tenth of a query and frees what the system
    # frees anyway; frozen objects are left out.
    atexit.register(gc.freeze)
    main()
