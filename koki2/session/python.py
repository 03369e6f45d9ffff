"""The way in from Python: run a program into a folder, load a run, evaluate it.

    import koki2
    program = koki2.build(koki2.EvolutionConfig(), seed=0)
    run = koki2.run(program, out="runs/first")
    run.plot()
    print(koki2.evaluate(run, episodes=512, seed=1))

The folder is that of the command line, with the same files.
"""

import dataclasses
import pathlib
from collections.abc import Sequence
from typing import Any

from koki2 import evolution, runlog
from koki2.core.program import Program
from koki2.evolution.configs import FitnessConfig
from koki2.reports import heldout, probe as probes
from koki2.session import driver, folders, kinds
from koki2.session.progress import progress as progress_
from koki2.session.settings import Settings
from koki2.session.signals import Stop


@dataclasses.dataclass(frozen=True)
class RunView:
    """A run on disk, to look at.

    Attributes:
      path: its folder.
      kind: of the run.
      program: what was run, if it was run here; None if it was loaded.
    """

    path: pathlib.Path
    kind: kinds.Kind
    program: Program | None = None

    @property
    def summary(self) -> dict[str, Any] | None:
        """What a complete run ended with; None if it is not complete."""
        return runlog.read_summary(self.path)

    def rows(self, stream: str = "metrics") -> list[dict[str, Any]]:
        """The rows of a stream."""
        return list(runlog.read_rows(self.path, stream))

    def artifact(self, name: str) -> dict[str, Any]:
        """The arrays of an artifact, as "best_genome"."""
        return runlog.read_artifact(self.path, name)

    def plot(self) -> Any:
        """The run's page, as a matplotlib figure.

        Raises:
          InputError: there are no rows yet, or this kind has no page.
        """
        from koki2.session import pages

        drawing, runs = pages.read({self.path.resolve().name: self.path})
        return drawing.draw(runs, None).figure

    def __repr__(self) -> str:
        summary = self.summary
        if summary is None:
            return f"Run({str(self.path)!r}, not complete)"
        headline = self.kind.headline(summary).items()
        words = ", ".join(f"{name}={value:.6g}" for name, value in headline)
        return f"Run({str(self.path)!r}, {words})"

    def _repr_html_(self) -> str:
        import html

        cells = self.kind.headline(self.summary or {}).items()
        rows = "".join(
            f"<tr><th>{html.escape(n)}</th><td>{v:.6g}</td></tr>" for n, v in cells
        )
        return f"<p>{html.escape(repr(self))}</p><table>{rows}</table>"


def run(
    program: Program,
    *,
    out: str | pathlib.Path,
    progress: bool = True,
    sinks: Sequence[driver.Sink] = (),
) -> RunView:
    """Runs a program into a folder, or goes on where the folder stands.

    Args:
      program: built by `build`, `evolve` or `illuminate`.
      out: the folder: new, empty, or of an earlier call with the same program.
      progress: show how far it is, on stderr.
      sinks: told of every chunk, after the folder has it.

    Raises:
      InputError: the folder is of another run, or holds something else.
      KeyboardInterrupt: it was interrupted, after a checkpoint; call `run` again.

    Example:
      >>> import koki2, tempfile
      >>> loop = koki2.LoopConfig(generations=2, episodes=1, checkpoint_every=2)
      >>> config = koki2.EvolutionConfig(loop=loop)
      >>> with tempfile.TemporaryDirectory() as out:
      ...     found = run(koki2.build(config, seed=0), out=out, progress=False)
      ...     len(found.rows()), found.summary["status"]
      (2, 'complete')
    """
    about = program.about
    if about is None:
        raise runlog.InputError(
            "the program must say what it is of (Program.about), so that its run "
            "folder can; those that build, evolve and illuminate make do."
        )
    kind, path = kinds.kind_of(about.kind), pathlib.Path(out)
    settings = Settings(kind=kind, config=about.config, command=f"python-{kind.name}")
    another = runlog.InputError(
        f"out must be a new folder, or one of the same program; {path} is of another "
        "config or seed."
    )
    with (
        folders.start_or_resume(settings, about.seed, path, another) as run_,
        Stop() as stop,
    ):
        if run_.summary is None:
            shown = [progress_(kind, program)] if progress else []
            driver.finish(run_, program, kind, stop, sinks=[*shown, *sinks])
        if stop.signal is not None and run_.summary is None:
            raise KeyboardInterrupt(f"stopped; call run again with out={str(path)!r}")
    return RunView(path, kind, program)


def load(path: str | pathlib.Path) -> RunView:
    """Loads a run from its folder.

    Raises:
      InputError: there is no such folder, or no such kind of run.
      BrokenRunError: the folder holds no run.
    """
    return RunView(pathlib.Path(path), kinds.kind_of(runlog.read_kind(path)))


class HeldOutTable(dict[str, Any]):
    """What an evaluation found: means, and paired differences to the baseline."""

    def __repr__(self) -> str:
        from koki2.reports.statistics import p_text

        lines = [f"evaluation seed {self['eval_seed']}"]
        for name, means in self["genomes"].items():
            line = f"{name}: fitness {means['mean_fitness']:.4f}"
            if name in self["differences"]:
                d, policy = self["differences"][name]["fitness"], self["baseline"]
                line += (
                    f", {d['mean']:+.4f} [{d['low']:+.4f}, {d['high']:+.4f}] to "
                    f"{policy['policy']} ({policy['mean_fitness']:.4f}), "
                    f"p {p_text(d['p'])}, Holm {p_text(d['p_holm'])}"
                )
            lines.append(line)
        return "\n".join(lines)


def evaluate(
    run: RunView,
    *,
    episodes: int,
    seed: int,
    policy: str = "random",
    fitness: FitnessConfig = FitnessConfig(),
) -> HeldOutTable:
    """Evaluates the genomes of a complete run on unseen episodes, beside a baseline.

    Args:
      run: what `run` or `load` returned.
      episodes: how many.
      seed: which; unseen as long as it was not the run's.
      policy: the baseline: one of `evolution.configs.POLICIES`; blind, which is the
        best on these episodes of those that see nothing; or none.
      fitness: what is reported as fitness, of a run built from objects.

    Raises:
      InputError: it is not complete; or it was built from objects and loaded.
    """
    judge, run_seed = _judge(run, fitness)
    which = {"eval_seed": seed, "episodes": episodes}
    lives = {**heldout.live(judge, run.path, run.kind.genomes, run_seed, **which)}
    if policy != "none":
        policy, lived = heldout.live_baseline(judge, policy, **which)
        lives[policy] = lived
    return HeldOutTable(heldout.compare(lives, seed, policy))


class ProbeTable(dict[str, Any]):
    """What a probe found, as `reports.probe.compare` makes it; shows its verdict."""

    def __repr__(self) -> str:
        fitness = self["evolved"]["mean_fitness"]
        head = f"evaluation seed {self['eval_seed']}, {self['genome']} genome"
        return "\n".join([f"{head}: fitness {fitness:.4f}", *self["verdict"]])


def probe(
    run: RunView,
    *,
    episodes: int = 512,
    seed: int = 0,
    genome: str | None = None,
    fitness: FitnessConfig = FitnessConfig(),
) -> ProbeTable:
    """Probes a genome of a complete run: is it competent, and which senses does it use?

    Args:
      run: what `run` or `load` returned.
      episodes: how many, two or more.
      seed: which; unseen as long as it was not the run's.
      genome: "best" or "mean"; None is the one that counts first.
      fitness: what is reported as fitness, of a run built from objects.

    Raises:
      InputError: it is not complete, has no such genome, or was built from objects and
        loaded.
    """
    which = genome or run.kind.genomes[0]
    if which not in run.kind.genomes:
        raise runlog.InputError(
            f"genome must be {' or '.join(run.kind.genomes)}, got {which!r}."
        )
    judge, run_seed = _judge(run, fitness)
    found = probes.probe(
        judge, run.path, which, run_seed, eval_seed=seed, episodes=episodes
    )
    probes.keep(run.path, found)
    return ProbeTable(found)


def _judge(run: RunView, fitness: FitnessConfig) -> tuple[Any, int]:
    """The judge of a complete run, and its seed."""
    folders.check_complete(run.path, "genomes")
    subject = run.program.about.subject if run.program and run.program.about else None
    if subject is not None:
        return evolution.judge_task(subject, fitness), 0
    read = folders.read_folder(run.path)
    return evolution.judge(read.config), read.seed
