"""Identity: whether config, manifest, checkpoints and rows of a folder are of one run.

A run is its manifest too: another seed, command or kind is another run. The manifest
keeps a digest of all that, and so does every checkpoint; readers compare them. What is
compared was written by koki2, so a difference means that a file was changed since.
"""

import pathlib
from collections.abc import Mapping
from typing import Any

from koki2.runlog import checkpoint, folder, jsontext, reading, rows
from koki2.runlog.errors import BrokenRunError
from koki2.runlog.manifest import identity
from koki2.runlog.types import Path


def facts_of(
    document: Mapping[str, Any], manifest: Mapping[str, Any]
) -> dict[str, Any]:
    """What the checkpoints of a run must belong to.

    Args:
      document: what config.json holds.
      manifest: what manifest.json holds.
    """
    whole = identity(
        manifest,
        kind=document["kind"],
        config=document["config"],
        objects=document["objects"],
    )
    return {
        "kind": document["kind"],
        "config_digest": whole["config_digest"],
        "seed": manifest.get("seed"),
        "identity": jsontext.digest(whole),
    }


def check_identity(run: Path) -> None:
    """Raises BrokenRunError unless config, manifest and checkpoints are of one run.

    Of a run made before there were such digests, the config alone is compared.
    """
    run = pathlib.Path(run)
    document, manifest = reading.read_document(run), reading.read_manifest(run)
    check_config(run, document, manifest)
    facts = facts_of(document, manifest)
    checkpoint.check_newest(run / folder.CHECKPOINTS, facts)
    check_manifest(run, manifest, facts)


def check_config(
    run: pathlib.Path, document: Mapping[str, Any], manifest: Mapping[str, Any]
) -> None:
    """Raises BrokenRunError unless the manifest keeps the digest of the config."""
    if manifest.get("config_digest") != jsontext.digest(document["config"]):
        raise BrokenRunError(
            f"{run / folder.CONFIG} should have the digest that {folder.MANIFEST} "
            "keeps of it, so that the run goes on as it began; one was changed."
        )


def check_manifest(
    run: pathlib.Path, manifest: Mapping[str, Any], facts: Mapping[str, Any]
) -> None:
    """Raises BrokenRunError unless the manifest is of the identity that it keeps."""
    if manifest.get("identity", facts["identity"]) != facts["identity"]:
        raise BrokenRunError(
            f"{run / folder.MANIFEST} should have the identity that it keeps a digest "
            "of; command, kind, seed, code version or objects were changed."
        )


def check_rows(run: Path, summary: Mapping[str, Any]) -> None:
    """Raises BrokenRunError unless the rows of a complete run are all there, unchanged.

    Args:
      run: the folder.
      summary: what its summary.json holds; where no checkpoint tells how many rows
        there must be and which, it tells how many.
    """
    run, streams = pathlib.Path(run), reading.read_streams(run)
    marks = checkpoint.newest_streams(run / folder.CHECKPOINTS)
    if marks is None:
        _count_rows(run / streams["metrics"], summary)
        return
    for name, file in streams.items():
        mark = marks.get(name)
        path = run / file
        size = path.stat().st_size if path.exists() else 0
        if (
            mark is None
            or size != mark["offset"]
            or rows.prefix_sha256(path, size) != mark["sha256"]
        ):
            raise BrokenRunError(
                f"{path} should hold the rows that the newest checkpoint says, and no "
                "others; some are missing or were changed."
            )


def _count_rows(path: pathlib.Path, summary: Mapping[str, Any]) -> None:
    """Raises BrokenRunError unless the rows are numbered as their summary counts."""
    unit = next((name for name in summary if f"{name}s" in summary), None)
    count = 0
    for row in rows.read(reading.existing(path)):
        if unit is not None and row.get(unit) != count:
            raise BrokenRunError(
                f"{path}, line {count + 1}, should be {unit} {count}, is "
                f"{row.get(unit)!r:.40}."
            )
        count += 1
    if unit is not None and summary[f"{unit}s"] != count:
        raise BrokenRunError(
            f"{path} should have {summary[f'{unit}s']!r:.40} rows, as "
            f"{folder.SUMMARY} says, has {count}."
        )
