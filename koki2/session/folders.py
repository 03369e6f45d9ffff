"""Run folders as the desk sees them: kind, config and seed, made and read back."""

import dataclasses
import pathlib
import shlex
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from koki2 import runlog
from koki2.core.configs import plain
from koki2.runlog import folder, jsontext
from koki2.session import (
    objects as objects_,
    processes,
    schema,
    settings as settings_,
    startup,
    xla_flags,
)
from koki2.session.follower import AnyRun, open_together
from koki2.session.kinds import Kind, kind_of
from koki2.session.settings import Settings

Take = Callable[[Callable[[], runlog.Run]], runlog.Run]
"""Calls what opens a run, as often as it takes."""

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
      BrokenRunError: it is no run, its files are not of one run, or its config is not
        for this koki2.
    """
    path = pathlib.Path(path)
    manifest, document = runlog.read_manifest(path), runlog.read_config(path)
    runlog.check_identity(path)
    kind, config = kind_of(runlog.read_kind(path)), None
    if not rows_only:
        objects_.declare_known(runlog.read_objects(path), given or {})
        config = parse(kind, document["config"], where=str(path))
    return RunFolder(path, kind, config, manifest["seed"], manifest)


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


def check_complete(path: str | pathlib.Path, what: str) -> None:
    """Raises InputError unless a run is complete, and has what is asked of it."""
    summary = runlog.read_summary(path)
    if summary is not None and is_empty(summary):
        raise runlog.InputError(
            f"{path} has no {what}, for its archive stayed empty: no genome behaved "
            "within its low and high."
        )
    if summary is None:
        raise runlog.InputError(
            f"{path} has no {what} yet, as it is not complete: koki2 resume "
            f"{shlex.quote(str(path))}"
        )


def is_empty(summary: Mapping[str, Any]) -> bool:
    """Whether a complete run left an archive without any elite, and so no genomes."""
    return summary.get("coverage") == 0


def check_genome(run: RunFolder, name: str) -> None:
    """Raises InputError unless runs of this kind leave a genome of that name."""
    if name not in run.kind.genomes:
        raise runlog.InputError(
            f"--genome must be {' or '.join(run.kind.genomes)} for {run.path}, got "
            f"{name}: an archive has no centre, but cells."
        )


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
    problems = [f"{p.name} {p.text}" for p in schema.problems(shape, values)]
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
    settings: Settings, seed: int, root: str | pathlib.Path, **where: Any
) -> AnyRun:
    """Makes the run folder of settings and a seed; of several processes, in the first.

    Args:
      settings: the config, a dataclass or plain values, and what it is of.
      seed: the seed.
      root: where runs are kept.
      **where: `out_dir` and `tag`, as for `Run.start`.

    Raises:
      InputError: a folder that is taken, or processes that differ.
    """
    plain = plain_config(settings.config)
    manifest = startup.manifest(settings.command, seed, plain)
    _agree(manifest, settings.kind.name, seed, plain, dict(settings.objects))
    return open_together(
        lambda: runlog.Run.start(
            root,
            settings.command,
            seed,
            plain,
            dict(settings.provenance),
            manifest,
            kind=settings.kind.name,
            streams=settings.kind.streams,
            objects=dict(settings.objects),
            label=settings_.label(settings),
            **where,
        )
    )


def resume(path: str | pathlib.Path, take: Take = lambda open_: open_()) -> AnyRun:
    """Opens a run where it stands; of several processes, in the first.

    Every process must see the folder.

    Args:
      path: the run folder.
      take: calls what opens it, again if it is locked.

    Raises:
      InputError: no such folder, it is being written, or processes that differ.
      BrokenRunError: it is no run, or too damaged to go on.
    """
    if processes.count() > 1:
        document, kept = runlog.read_config(path), runlog.read_manifest(path)
        here = startup.manifest(kept["command"], kept["seed"], document["config"])
        _agree(
            here,
            runlog.read_kind(path),
            kept["seed"],
            document["config"],
            document["objects"],
        )
    return open_together(lambda: take(lambda: runlog.Run.resume(path)))


def _agree(
    manifest: Mapping[str, Any],
    kind: str,
    seed: int,
    config: Mapping[str, Any],
    objects: Mapping[str, Any],
) -> None:
    """Raises InputError unless all processes are about to compute the same run."""
    flags = dict(manifest["environment"])
    flags["XLA_FLAGS"] = xla_flags.without_devices(flags.get("XLA_FLAGS", ""))
    processes.agree(
        {
            "kind": kind,
            "seed": seed,
            **{f"config {name}": value for name, value in _flat(config)},
            "objects": dict(objects),
            "git": manifest["git"],
            **{f"version of {n}": v for n, v in manifest["versions"].items()},
            **{f"variable {n}": v for n, v in flags.items()},
        }
    )


def _flat(config: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The values of a config, each by its group and name."""
    for group, values in config.items():
        if isinstance(values, Mapping):
            yield from ((f"{group}.{name}", value) for name, value in values.items())
        else:
            yield group, values


def start_or_resume(
    settings: Settings,
    seed: int,
    path: pathlib.Path,
    another: Exception,
    take: Take = lambda open_: open_(),
) -> AnyRun:
    """Makes a run in exactly this folder, or resumes the one that is there.

    Args:
      settings: as for `start`.
      seed: the seed.
      path: the folder.
      another: raised where the run that is there is of another kind, config or seed.
      take: calls what opens one that is there, again if it is locked.

    Raises:
      InputError: the folder holds something else, or is being written.
    """
    if not processes.share_json((path / folder.CONFIG).exists):
        return start(settings, seed, path.parent, out_dir=path)
    run = resume(path, take)
    then = (run.kind, run.manifest.get("seed"), jsontext.digest(run.config))
    digest = jsontext.digest(plain_config(settings.config))
    if then != (settings.kind.name, seed, digest):
        run.close()
        raise another
    return run


def plain_config(config: object) -> dict[str, Any]:
    """A config, a dataclass or plain values, as a run folder keeps it."""
    if isinstance(config, Mapping):
        return dict(config)
    assert dataclasses.is_dataclass(config) and not isinstance(config, type)
    return plain(config)
