"""The commands by name. A command's module is imported only when it is asked for.

The protocol of a command's module, JAX-free when imported:

    Options                     a frozen, keyword-only dataclass; its fields are the
                                flags, its docstrings their help
    run(options: Options) -> int    does the work and returns the exit code

Ranges (`Annotated[int, Ge(0)]`) are checked before `run`. A field `settings`, made by
`settings.layered("evo", ...)`, brings groups of the config of that kind of run as
flags, with `--preset`, `--config` and `--print-config`.
"""

import importlib
import types
from collections.abc import Mapping
from typing import NamedTuple


class Command(NamedTuple):
    """What is known of a command without importing it."""

    name: str
    """As typed."""
    summary: str
    """One line, for the list of commands."""
    example: str
    """Its arguments in a typical call."""
    uses_jax: bool = True
    """Whether it computes, and so has the --jax-* flags."""
    takes_world: bool = False
    """Whether an argument names a world, whose settings are among its flags."""
    starts: bool = False
    """Whether it starts a computation under XLA flags of its own choice; the others
    take those of the run that they are given."""
    joins: bool = False
    """Whether several processes may compute it together."""

    def load(self) -> types.ModuleType:
        """Imports the command's module; "evo-l0" is evo without a choice of world."""
        module = self.name.removesuffix("-l0").replace("-", "_")
        return importlib.import_module(f"koki2.cli.{module}")


_ALL = (
    Command(
        "evo",
        "evolve agents in any world for one seed",
        "obstacles-l1.2 --seed 1",
        takes_world=True,
        starts=True,
        joins=True,
    ),
    Command(
        "batch-evo",
        "the same for several seeds with one compilation",
        "obstacles-l1.2 --seed-count 5",
        takes_world=True,
        starts=True,
        joins=True,
    ),
    Command(
        "sweep",
        "many runs over settings and seeds, from a file, with a table at the end",
        "sigma.toml --jobs 2 --episodes 512",
        starts=True,
        joins=True,
    ),
    Command(
        "baseline",
        "what a policy that never learns achieves in any world",
        "obstacles-l1.2 --policy planner --episodes 512",
        takes_world=True,
        starts=True,
    ),
    Command(
        "qd",
        "fill an archive of agents that behave differently, in any world",
        "detour-l1.3 --descriptors end_x end_y --seed 1",
        takes_world=True,
        starts=True,
        joins=True,
    ),
    Command(
        "evo-l0",
        "evo in chemotaxis: the runbook of seed 002",
        "--preset l0-hazards --seed 1",
        starts=True,
        joins=True,
    ),
    Command(
        "batch-evo-l0",
        "batch-evo in chemotaxis",
        "--preset l0-hazards --seed-start 0 --seed-count 5",
        starts=True,
        joins=True,
    ),
    Command(
        "baseline-l0",
        "baseline in chemotaxis",
        "--policy greedy --episodes 512 --num-sources 4",
        starts=True,
    ),
    Command(
        "eval-run",
        "judge the genomes of a run on episodes that it never saw",
        "--run-dir RUN --episodes 512 --seed 0 424242",
        starts=True,
    ),
    Command(
        "probe",
        "is a genome competent, and which of its senses does it use?",
        "RUN --episodes 512 --seed 0",
        starts=True,
    ),
    Command(
        "train",
        "train a language model on a text",
        "--data shakespeare --preset char",
        starts=True,
    ),
    Command(
        "generate",
        "let a trained model go on with a prompt",
        "RUN --prompt KING --tokens 200",
        starts=True,
    ),
    Command(
        "eval-lm",
        "what a trained model loses on text that it never saw",
        "RUN --data FILE",
        starts=True,
    ),
    Command("resume", "go on where a run stopped, bit for bit", "RUN", joins=True),
    Command("replay", "run a run again and say whether it comes out the same", "RUN"),
    Command(
        "golden",
        "record what a set of runs comes to, or check that it does so here",
        "check golden.toml",
        starts=True,
    ),
    Command(
        "calibrate-monitors",
        "how often monitors of a training alarm at nothing, and how soon at a change",
        "--quick",
        starts=True,
    ),
    Command(
        "check",
        "run the contract tests on a world, an agent, ... of your own",
        "my_world.py:my_world",
    ),
    Command(
        "burst",
        "a command on a rented GPU, which is always given back",
        "plan --gpu-type GPU --image IMAGE --fetch runs -- koki2 evo-l0",
        uses_jax=False,
    ),
    Command("worlds", "list the worlds", "", uses_jax=False),
    Command("runs", "list the runs", "--runs-dir runs", uses_jax=False),
    Command("plot", "draw the curves of runs", "RUN_1 RUN_2", uses_jax=False),
    Command(
        "replay-life", "a GIF of one episode of the best genome", "RUN", starts=True
    ),
    Command(
        "watch",
        "a GIF of one episode of a policy that never learns, in any world",
        "obstacles-l1.2 --policy competent",
        takes_world=True,
        starts=True,
    ),
    Command(
        "descriptors",
        "is the behaviour space of a run worth anything?",
        "RUN --eval-seed 0",
        starts=True,
    ),
    Command(
        "lineage", "who descends from whom in a run, as a CSV", "RUN", uses_jax=False
    ),
    Command(
        "export", "an archive as files for pyribs", "RUN --out DIR", uses_jax=False
    ),
    Command(
        "import-archive",
        "elites from pyribs, or from koki2 export, as an archive",
        "DIR --like RUN --out archive.npz",
    ),
)

COMMANDS: Mapping[str, Command] = types.MappingProxyType({c.name: c for c in _ALL})
"""Every command, in the order in which people meet them."""
