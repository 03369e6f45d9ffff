"""Run folders as the desk sees them: kind, config and seed, made and read back."""

import dataclasses
import pathlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from koki2 import runlog
from koki2.session import objects as objects_, schema, startup
from koki2.session.kinds import Kind, kind_of

Given = Mapping[str, objects_.Texts]
"""Objects named on the command line, by role: FILE:NAME."""


class RunFolder(NamedTuple):
    """What a run folder says a run is."""

    path: pathlib.Path
    kind: Kind
    config: Any
    """Of the class `kind.config`; None where it was not asked for."""
    seed: int
    manifest: dict[str, Any]

    @property
    def is_complete(self) -> bool:
        return runlog.read_summary(self.path) is not None


def read_folder(
    path: str | pathlib.Path, given: Given | None = None, *, rows_only: bool = False
) -> RunFolder:
    """Reads what a run is, registering the objects that it needs.

    Args:
      path: the run folder.
      given: the objects named on the command line.
      rows_only: whether no config is asked for, and so no object from outside.

    Raises:
      InputError: no such folder, or an object that was not named again.
      BrokenRunError: it is no run, or its config is not for this koki2.
    """
    path = pathlib.Path(path)
    manifest, document = runlog.read_manifest(path), runlog.read_config(path)
    kind, config = kind_of(runlog.read_kind(path)), None
    if not rows_only:
        objects_.declare_known(runlog.read_objects(path), given or {})
        config = parse(kind, document["config"], where=str(path))
    seed = manifest.get("seed")
    if not isinstance(seed, int) or isinstance(seed, bool):
        raise runlog.BrokenRunError(f"the manifest of {path} should have a seed.")
    return RunFolder(path, kind, config, seed, manifest)


def with_archive(
    path: str | pathlib.Path, purpose: str, given: Given | None = None
) -> RunFolder:
    """Reads a run whose kind leaves an archive. Raises as `read_folder` does.

    Args:
      path: the run folder.
      purpose: what it is for, for the InputError that a run of another kind raises.
      given: the objects named on the command line.
    """
    run = read_folder(path, given)
    if "archive" not in run.kind.artifacts:
        raise runlog.InputError(
            f"{purpose} must be of a run of koki2 qd, for only these have an archive; "
            f"{path} is one of koki2 {run.kind.name}."
        )
    return run


def parse(kind: Kind, values: Mapping[str, Any], *, where: str) -> Any:
    """A config from the plain values in a run folder.

    A setting that is missing has its default: it is newer than the run, and its
    default does what was done before there was a choice.

    Raises:
      InputError: the run was made in Python from objects.
      BrokenRunError: a value that is unknown, or not accepted.
    """
    if "python" in values:
        raise runlog.InputError(
            f"{where} was made in Python from objects that no folder can name; "
            "koki2.run(program, out=...) goes on with it."
        )
    shape = kind.shape(values) if kind.shape else kind.config
    problems = [f"{'.'.join(p)} {text}" for p, text in schema.problems(shape, values)]
    config = None
    if not problems:
        config, problems = schema.construct(kind.config, shape, values)
    if config is None:
        raise runlog.BrokenRunError(
            f"{where} should have a config.json that this koki2 understands:\n"
            + "\n".join(f"  {line}" for line in dict.fromkeys(problems))
        )
    return config


def start(
    command: str,
    kind: Kind,
    config: Any,
    seed: int,
    root: str | pathlib.Path,
    *,
    provenance: Mapping[str, str] | None = None,
    objects: Mapping[str, Any] | None = None,
    **where: Any,
) -> runlog.Run:
    """Makes the run folder for a config and a seed.

    Args:
      command: the koki2 command.
      kind: of the run.
      config: a dataclass, or plain values.
      seed: the seed.
      root: where runs are kept.
      provenance: where each value came from.
      objects: from outside the package, by role.
      **where: `out_dir` and `tag`, as for `Run.start`.

    Raises:
      InputError: a folder that is taken.
    """
    plain = dataclasses.asdict(config) if dataclasses.is_dataclass(config) else config
    return runlog.Run.start(
        root,
        command,
        seed,
        plain,
        dict(provenance or {}),
        startup.manifest(command, seed, plain),
        kind=kind.name,
        streams=kind.streams,
        objects=dict(objects or {}),
        **where,
    )
