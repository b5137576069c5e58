"""`mretrieve push` and `pull`: copy an index to an object store or another disk, and from there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .options import INDEX, PATH

if TYPE_CHECKING:
    from mretrieve.storage.published import Copied


@click.command()
@click.argument("address")
@INDEX
def push(address: str, index: Path | None) -> None:
    """Copy the newest version of an index to ADDRESS; of later versions only new files are copied.

    ADDRESS is s3://BUCKET/FOLDER, gs://BUCKET/FOLDER or another address that Apache Arrow knows, or a folder.
    Credentials are those of the environment. One program may push to an address at a time.
    """
    from mretrieve.storage.ownership import find_index
    from mretrieve.storage.published import push

    path = find_index(index)
    click.echo(f"{address}: {_copied(push(path, address))}")


@click.command()
@click.argument("address")
@click.option("--index", type=PATH, metavar="DIR", help="The index. [default: $MRETRIEVE_INDEX, else .mretrieve here]")
def pull(address: str, index: Path | None) -> None:
    """Bring an index up to date with the newest version at ADDRESS, where `mretrieve push` wrote it.

    A new index gets all of it. Programs that have the index open can finish. Motion files are not copied: hits name
    them by the paths where they were indexed.
    """
    from mretrieve.indexer.build import default_index
    from mretrieve.indexer.compaction import GRACE_S, KEPT_VERSIONS
    from mretrieve.storage.published import pull

    path = (index or default_index()).absolute()
    click.echo(f"{path}: {_copied(pull(address, path, keep_versions=KEPT_VERSIONS, grace_s=GRACE_S))}")


def _copied(copied: Copied) -> str:
    if not copied.files:
        return f"has version {copied.version} already."
    return f"version {copied.version}, {copied.files} files copied, {copied.size_bytes / 1e6:.1f} MB."
