"""`mretrieve demo`: a library to try things on, without a motion file of one's own."""

from __future__ import annotations

from pathlib import Path

import click

from mretrieve.errors import MRetrieveError


@click.command()
@click.argument("folder", metavar="FOLDER", type=click.Path(path_type=Path))
def demo(folder: Path) -> None:
    """Write a small library of generated motions, and a clip that is not in it to ask with, into FOLDER."""
    from mretrieve.demo import make_library, write_query

    library = folder / "library"
    try:
        paths = make_library(library)
        query = write_query(folder)
    except OSError as error:
        raise MRetrieveError(f"{folder}: cannot be written: {error.strerror or error}; name another folder") from None
    megabytes = sum(path.stat().st_size for path in paths) / 1e6
    click.echo(f"{len(paths)} motions ({megabytes:.0f} MB) in {library}, their labels in {library / 'labels.csv'}")
    click.echo(f"1 clip that is not among them: {query}")
    click.echo("\nNow type:")
    click.echo(f"  mretrieve index {library} --index {folder / '.mretrieve'} --labels {library / 'labels.csv'}")
    click.echo(f"  mretrieve query {query} --index {folder / '.mretrieve'} -k 10")
