"""Indexes whose files were changed and whose sums were made right again, as somebody can who writes an index."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from mretrieve.storage.block_sums import block_sums
from mretrieve.storage.layout import (
    BLOCKS_FILE,
    ENCODERS,
    INVENTORIES,
    LABELS,
    MOTIONS_FILE,
    SHARDS,
    VECTOR_INDEXES,
    manifest_file,
    versions,
)
from mretrieve.storage.manifest import _sealed

#: A change of the content of a manifest, whose sums are those of the files.
Edit = Callable[[dict[str, Any]], Any]


def reseal(index: Path, edit: Edit = lambda content: None, blocks: bool = True) -> None:
    """Make all sums of the newest version right, then change its manifest. `blocks`: those of blocks too."""
    path = manifest_file(index, versions(index)[-1])
    content = json.loads(path.read_bytes())
    content.pop("checksum", None)
    for shard in content["shards"]:
        folder = index / SHARDS / shard["id"]
        if blocks and BLOCKS_FILE in shard["sizes"]:
            (folder / BLOCKS_FILE).write_bytes(b"".join(_block_sums(folder, shard)))
        for name in shard["sizes"]:
            if _is_file(folder / name):
                data = (folder / name).read_bytes()
                shard["checksums"][name], shard["sizes"][name] = hashlib.sha256(data).hexdigest(), len(data)
    for file, record in outer_files(index, content):
        if _is_file(file):
            data = file.read_bytes()
            sums = "".join(f"{each:016x}" for each in block_sums([data], 1 << 20).tolist())
            record.update(checksum=hashlib.sha256(data).hexdigest(), size=len(data), blocks=sums)
    edit(content)
    write_manifest(index, content)


def write_manifest(index: Path, content: dict[str, Any]) -> None:
    """The newest manifest with this content, sealed."""
    text = json.dumps(content, indent=1) + "\n"
    manifest_file(index, versions(index)[-1]).write_text(_sealed(text))


def outer_files(index: Path, content: dict[str, Any]) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The files outside the shards that a manifest names, and their records."""
    if content["labels"]:
        yield index / LABELS / f"{content['labels']['id']}.parquet", content["labels"]
    if content["inventory"]:
        for name, suffix in (("rows", "rows"), ("clips", "arrow")):
            yield index / INVENTORIES / f"{content['inventory'][name]['id']}.{suffix}", content["inventory"][name]
    for room, records in ((ENCODERS, content["encoders"]), (VECTOR_INDEXES, content["vector_indexes"])):
        yield from (
            (index / room / f"{record['file']['id']}.safetensors", record["file"])
            for record in records
            if record["file"]
        )


def _block_sums(folder: Path, shard: dict[str, Any]) -> Iterator[bytes]:
    for name in sorted([MOTIONS_FILE, *(f"{space}.npy" for space in shard["largest_norms"])]):
        if _is_file(folder / name):
            yield block_sums([(folder / name).read_bytes()]).astype("<u8").tobytes()


def _is_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()
