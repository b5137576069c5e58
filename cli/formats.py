"""`mretrieve formats`: what this installation reads."""

from __future__ import annotations

import click

from .options import flush_columns


@click.command("formats")
def formats() -> None:
    """List the motion formats, and what is missing to read them.

    Formats are recognised by the content of a file; the suffix counts only if the content says nothing.
    """
    from mretrieve.formats import READERS

    rows = []
    for reader in sorted(READERS.values(), key=lambda each: each.name):
        suffixes = " ".join(f".{suffix}" for suffix in reader.suffixes) or "by content"
        rows.append((reader.name, suffixes, reader.obstacle or "read"))
    click.echo("\n".join(flush_columns(rows)))
