"""Write docs/reference/cli.md from the commands themselves: python docs/make_cli_reference.py"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from mretrieve.cli import main

PAGE = Path(__file__).parent / "reference" / "cli.md"
_HEAD = """# Command line

<!-- Made by docs/make_cli_reference.py from the commands' own help. -->

`mretrieve COMMAND --help` prints the same. `python -m mretrieve` is the same program. See also
[Exit status and environment](environment.md).
"""


def commands(group: click.Command = main, name: str = "mretrieve") -> Iterator[tuple[str, click.Command]]:
    """Every command that can be typed, with its full name."""
    if not isinstance(group, click.Group):
        yield name, group
        return
    context = click.Context(group, info_name=name)
    for word in group.list_commands(context):
        command = group.get_command(context, word)
        assert command is not None
        yield from commands(command, f"{name} {word}")


def reference() -> str:
    """The page."""
    return "\n".join([_HEAD, *(section(name, command) for name, command in commands())])


def section(name: str, command: click.Command) -> str:
    """One command: its usage, its help and a table of its options."""
    arguments = [f" {each.metavar or each.human_readable_name}" for each in _parameters(command, click.Argument)]
    lines = [f"## {name}", "", f"`{name} [OPTIONS]{''.join(arguments)}`", ""]
    paragraphs = (command.help or "").replace("\b\n", "").split("\n\n")
    lines += [f"{' '.join(paragraph.split())}\n" for paragraph in paragraphs]
    rows = [(_spelling(option), _about(option)) for option in _parameters(command, click.Option)]
    lines += ["| option | meaning |", "|---|---|", *(f"| {left} | {right} |" for left, right in rows)] if rows else []
    return "\n".join(lines) + "\n"


def _parameters(command: click.Command, kind: type[click.Parameter]) -> list[click.Parameter]:
    return [each for each in command.params if isinstance(each, kind)]


def _spelling(option: click.Parameter) -> str:
    assert isinstance(option, click.Option)
    names = ", ".join(option.opts) + "".join(f" / {name}" for name in option.secondary_opts)
    if isinstance(option.type, click.Choice):
        value = "|".join(map(str, option.type.choices))
    else:
        value = "" if option.is_flag else option.metavar or option.type.name.split()[0].upper()
    return f"`{f'{names} {value}'.rstrip()}`".replace("|", "\\|")


def _about(option: click.Parameter) -> str:
    assert isinstance(option, click.Option)
    default = f" [default: {option.default}]" if option.show_default and not option.is_flag else ""
    return ((option.help or "") + default).replace("|", "\\|").strip()


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
