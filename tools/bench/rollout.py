"""Times whole episodes: koki2's rollout against the plain twin (twin.py).

A: seed 002's hazards, plasticity off. B: plasticity on (eta 0.05, event modulator),
sources that deplete and come back after 4 steps, gradient dropout 0.5. C: A with one
option of the agent's senses or readout on, against the twin of A, which has none: what
the option costs. All: 8 episodes of 128 steps, 4 sources, 2 of them bad (loss 0.25), 32
neurons with 8 synapses each, unless the row says otherwise. A step is one step of agent
and world, of an episode that may be over. Before a row of A or B is timed, koki2 and
the twin must agree in it (equality.py); tests hold lives of C to plain ones. The shares
read our side against the machine's ceilings (ceilings.py):
of matmul, the agent's floating-point operations; of stream, its state read and written
once per step, which may be above 1 because the state stays in cache.

    python tools/bench/rollout.py [--quick] [--json] [--default-flags]
"""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import ceilings
import equality
import harness
import jax
import numpy as np
import twin

from koki2.agents.configs import AgentConfig, SensesConfig
from koki2.agents.topology import Topology
from koki2.core.keys import Stream, stream
from koki2.envs.configs import ChemotaxisConfig
from koki2.evolution import build, setting
from koki2.evolution.configs import EvolutionConfig, LoopConfig
from koki2.evolution.rollout import Keep, Layout, rollout, WIDE
from koki2.evolution.task import Task
from koki2.kernels.edge_sum import WRITTEN_OUT
from koki2.search.configs import SearchConfig

EPISODES = 8
POPULATIONS = (128, 512, 1024, 4096)
NEURONS = (32, 64, 128, 256)
CHUNK = 10  # generations per call
ENDLESS = 1_000_000  # generations
LIVELY = 3.0  # genes over those of a first genome: neurons fire in a tenth of steps
OPTIONS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "gradients in cells": ({"gradients": "cells"}, {}),
    "unit vectors": ({"gradients": "unit"}, {}),
    "deficits": ({"needs": "deficit"}, {}),
    "running scaling": ({"scaling": "running"}, {}),
    "4 ticks": ({}, {"ticks": 4}),
    "softmax": ({}, {"choice": "softmax"}),
    "one of equals": ({}, {"choice": "random"}),
}
"""C: what is set of senses and of the agent, by the name of its row."""
DEAREST = ("running scaling", "4 ticks")  # of those, what --quick measures
COLUMNS = ("cpu_ratio", "of_matmul", "of_stream", "samples")


def config(kind: str, population: int = 128, neurons: int = 32) -> EvolutionConfig:
    """The work of A or B."""
    world = {"num_sources": 4, "num_bad_sources": 2, "bad_source_integrity_loss": 0.25}
    agent: dict[str, Any] = {"n_neurons": neurons}
    if kind == "B":
        world |= {"deplete_sources": True, "respawn_delay": 4, "grad_dropout_p": 0.5}
        agent |= {"plast_enabled": True, "plast_eta": 0.05, "modulator_kind": "event"}
    return EvolutionConfig(
        env=ChemotaxisConfig(**world),
        agent=AgentConfig(**agent),
        search=SearchConfig(pop_size=population),
        loop=LoopConfig(generations=ENDLESS, episodes=EPISODES, checkpoint_every=CHUNK),
    )


def with_option(name: str) -> EvolutionConfig:
    """The work of C: A at its smallest, with one option on."""
    senses, agent = OPTIONS[name]
    plain = config("A")
    return dataclasses.replace(
        plain,
        senses=SensesConfig(**senses),
        agent=dataclasses.replace(plain.agent, **agent),
    )


def cost(agent: AgentConfig) -> tuple[float, float]:
    """FLOP of the agent, and bytes of its state read and written once, per step."""
    n, s = agent.n_neurons, agent.n_neurons * agent.k_edges
    ticks = agent.ticks * (2 * s + 2 * n + 2 * n)
    flop = 2 * n * 4 + ticks + 2 * n * 5  # senses to motors
    state = 2 * n  # potentials and spikes
    if agent.plast_enabled:
        flop += 3 * s + 3 * s  # traces, weights
        state += 2 * s
    return float(flop), 2.0 * 4 * state


class Case(NamedTuple):
    """A row to be measured: every genome in every episode."""

    name: str
    work: EvolutionConfig
    whole: bool = True
    """Whether final states are compared too, which takes one more program."""
    against: str | None = None
    """The case whose twin is the other side; None: its own, which must agree."""


def population(work: EvolutionConfig) -> tuple[Task, Topology, tuple[Any, Any]]:
    """The task, its wiring, and what is evaluated: keys of episodes, lively agents."""
    named = setting(work)
    parts = named.task(named.data(0))
    keys = jax.random.split(jax.random.key(1), work.search.pop_size)
    genes = LIVELY * jax.vmap(parts.genome.init)(keys)
    develop = lambda genes: parts.genome.develop(jax.random.key(0), genes)
    episodes = jax.random.split(jax.random.key(2), EPISODES)
    return parts, parts.wiring, (episodes, jax.vmap(develop)(genes))


def programs(case: Case, layout: Layout | None) -> dict[str, tuple]:
    """What there is to compile for a case: functions and arguments, by name."""
    work = case.work
    parts, wires, arguments = population(work)

    def ours(keep: Keep) -> tuple[Callable, tuple]:
        run = lambda k, p: rollout(parts.episode, k, p, layout=layout, keep=keep)
        return run, arguments

    name = case.name
    out = {f"{name} ours": ours("stats")}
    if case.against is None:
        out[f"{name} theirs"] = twin.run_lives(work.env, work.agent, wires), arguments
    return out | ({f"{name} whole": ours("state")} if case.whole else {})


def evaluation(
    case: Case, calls: dict[str, Callable], machine: dict[str, float], samples: int
) -> harness.Row:
    """Compares the two sides of a case, and times them."""
    name, work = case.name, case.work
    ours, theirs = calls[f"{name} ours"], calls[f"{case.against or name} theirs"]
    compared = "no twin"
    if case.against is None:
        end = theirs()
        lines = equality.counted(ours(), end.sums)
        if case.whole:
            whole = calls[f"{name} whole"]()
            lines += equality.differences(whole, end, work.env.steps)
            del whole
        _require_agreement(name, lines)
        del end
        compared = "final states" if case.whole else "counts"
    mine, other = harness.race(ours, lambda: theirs().sums, samples=samples)
    steps = work.search.pop_size * EPISODES * work.env.steps
    flop, moved = cost(work.agent)
    synapses = work.agent.n_neurons * work.agent.k_edges
    return harness.versus(
        name,
        steps / 1e6,
        "M steps/s",
        mine,
        other,
        of_matmul=steps / mine.wall * flop / 1e9 / machine["GFLOP/s"],
        of_stream=steps / mine.wall * moved / 1e9 / machine["GB/s"],
        synapses="written out" if synapses <= WRITTEN_OUT else "by table",
        compared=compared,
    )


def generation(
    name: str, work: EvolutionConfig, layout: Layout | None, *, samples: int = 5
) -> harness.Row:
    """Generations of OpenAI-ES: koki2's compiled loop, and the twin's one by one."""
    program = build(work, 0, layout=layout)
    carry = program.init()
    start = carry.search.mean
    key = stream(jax.random.key(0), Stream.GENERATION)
    keys = [jax.random.fold_in(key, g) for g in range(CHUNK)]
    step = jax.jit(twin.generation(work, setting(work).data(0).wiring))

    def ours() -> dict[str, Any]:
        return program.chunk(carry, program.total)[1]["metrics"]

    def theirs() -> list[jax.Array]:
        mean, fitnesses = start, []
        for key in keys:
            mean, fitness = step(key, mean)
            fitnesses.append(fitness)
        return fitnesses

    rows, first = ours(), np.asarray(theirs()[0])
    same = rows["generation_best"][0] == first.max()
    close = np.isclose(rows["mean_fitness"].value[0], first.mean(), rtol=1e-6)
    _require_agreement(
        name, [] if same and close else ["fitness of the first generation"]
    )
    mine, other = harness.race(ours, theirs, samples=samples)
    return harness.versus(name, CHUNK, "generations/s", mine, other)


def _require_agreement(name: str, lines: list[str]) -> None:
    if lines:
        text = "\n".join(f"  {line}" for line in lines)
        raise SystemExit(f"{name}: koki2's episodes differ from the twin's:\n{text}")


def cases(quick: bool) -> list[Case]:
    """A, B and C; then populations and neurons, or one population of A."""
    smallest = {kind: f"{kind}: 128 genomes, 32 neurons" for kind in "AB"}
    out = [Case(name, config(kind)) for kind, name in smallest.items()]
    for name in DEAREST if quick else OPTIONS:
        work = with_option(name)
        out.append(Case(f"C: {name}", work, whole=False, against=smallest["A"]))
    if quick:
        size = POPULATIONS[1]
        return [*out, Case(f"A: {size} genomes", config("A", size), whole=False)]
    for kind in "AB":
        for size in POPULATIONS[1:]:
            out.append(Case(f"{kind}: {size} genomes", config(kind, size)))
        for size in NEURONS[1:]:
            out.append(Case(f"{kind}: {size} neurons", config(kind, neurons=size)))
    return out


def measure(quick: bool, layout: Layout | None) -> list[harness.Row]:
    """All rows, or a few."""
    machine = ceilings.ceilings(3 if quick else 15)
    rows, samples = ceilings.rows(machine), 5 if quick else 9
    todo = cases(quick)
    harness.note("compiling")
    jobs = [programs(case, layout) for case in todo]
    calls = harness.compiled({name: job for some in jobs for name, job in some.items()})
    for case in todo:
        harness.note(case.name)
        rows.append(evaluation(case, calls, machine, samples))
    for kind in "" if quick else "AB":
        name = f"{kind}: ES, 128 genomes"
        harness.note(name)
        rows.append(generation(name, config(kind), layout, samples=samples))
    return rows


def main() -> None:
    arguments = harness.begin(__doc__)
    layout = WIDE if arguments.default_flags else None
    rows = measure(arguments.quick, layout)
    harness.show("Whole episodes", rows, as_json=arguments.json, columns=COLUMNS)
    if not arguments.json:
        print(
            f"Synapses are written out one by one up to {WRITTEN_OUT} of them, and "
            "summed by a table beyond."
        )


if __name__ == "__main__":
    main()
