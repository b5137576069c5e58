"""`mretrieve demo`: a generated library for a first try."""

from __future__ import annotations

from pathlib import Path

import click

from mretrieve.errors import MRetrieveError

from .options import FORCE, PATH


@click.command()
@click.argument("folder", metavar="FOLDER", type=PATH)
@FORCE
def demo(folder: Path, force: bool) -> None:
    """Write a small library of generated motions, and a query that is not in it, into FOLDER."""
    from mretrieve.demo import make_library, write_query

    library = folder / "library"
    if library.exists() and any(library.iterdir()) and not force:
        raise MRetrieveError(f"{library}: exists; overwrite it with --force, or name another folder")
    try:
        paths = make_library(library)
        query = write_query(folder)
    except OSError as error:
        raise MRetrieveError(f"{folder}: cannot be written: {error.strerror or error}; name another folder") from None
    megabytes = sum(path.stat().st_size for path in paths) / 1e6
    click.echo(f"Wrote {len(paths)} motions ({megabytes:.0f} MB) to {library}, with labels in {library / 'labels.csv'}")
    click.echo(f"Wrote a query that is not among them: {query}")
    click.echo("\nNext:")
    click.echo(f"  mretrieve index {library} --index {folder / '.mretrieve'} --labels {library / 'labels.csv'}")
    click.echo(f"  mretrieve query {query} --index {folder / '.mretrieve'} --mirror both")
