"""What a config says that nothing reads changes no program; all else changes one."""

import dataclasses
import typing

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import koki2
from koki2 import search
from koki2.agents.configs import AgentConfig
from koki2.core.configs import AS_MARKED, Named, unread
from koki2.envs.configs import ChemotaxisConfig
from koki2.envs.ladder import OURS
from koki2.envs.registry import WORLDS
from koki2.evolution.configs import (
    EvolutionConfig,
    LoopConfig,
    NursingConfig,
    QDConfig,
    RungsConfig,
    ViabilityConfig,
)
from koki2.genomes.configs import GenomeConfig
from koki2.search.catalogue import STRATEGIES
from koki2.search.configs import ArchiveConfig, EmitterConfig, SearchConfig
from koki2.search.emitters.catalogue import EMITTERS
from koki2.session import schema

SMALL = {
    "env": ChemotaxisConfig(steps=8),
    "agent": AgentConfig(n_neurons=6, k_edges=2),
    "loop": LoopConfig(generations=4, episodes=2, checkpoint_every=2),
}
EVO = {**SMALL, "search": SearchConfig(pop_size=8)}
QD = {
    **SMALL,
    "emitter": EmitterConfig(batch_size=8),
    "archive": ArchiveConfig(shape=(4, 4)),
}
NURSED = {
    f"nurse_{name}": 0.5
    for name in "metabolism buffer richness hazard motor plasticity".split()
} | {"nurse_sense_gain": 0.5, "nurse_sense_noise": 0.5, "repro_phi": 0.3}
TESTED = ViabilityConfig(mvt=True, mvt_steps=4, mvt_episodes=1)
STRANGE = {"rungs": RungsConfig(rungs=True, rung1_steps=4), "viability": TESTED}


WORLDS_OF_OURS = {
    world.name: world.config
    for world in OURS
    if world.name != "chemotaxis" and not world.prefix  # one more package
}
DATA = ("env.respawn_delay", "env.bad_source_integrity_loss")  # if used or not


def agent(**values):
    return {"agent": AgentConfig(n_neurons=6, k_edges=2, **values)}


def learner(**values):
    return agent(plast_enabled=True, plast_eta=0.1, **values)


CASES = {  # config, and the groups of which every field is changed, one by one
    "evo": (EvolutionConfig(**EVO), tuple(vars(EvolutionConfig()))),
    "tested": (EvolutionConfig(**EVO, **STRANGE), ("viability", "rungs")),
    "nursed": (
        EvolutionConfig(**(EVO | learner()), nursing=NursingConfig(**NURSED)),
        ("nursing",),
    ),
    "vector": (EvolutionConfig(**(EVO | learner(modulator_kind="vector"))), ("agent",)),
    "ramp": (
        EvolutionConfig(**(EVO | learner(plast_end_phi=0.5, neuron="alif"))),
        ("agent",),
    ),
    "clamped": (EvolutionConfig(**(EVO | learner(control="clamped"))), ("agent",)),
    "random": (EvolutionConfig(**(EVO | agent(control="random_network"))), ("agent",)),
    "hard": (EvolutionConfig(**(EVO | agent(strain="hard"))), ("agent", "fitness")),
    "soft": (EvolutionConfig(**(EVO | agent(strain="soft"))), ("agent", "fitness")),
    "adaptive": (EvolutionConfig(**(EVO | agent(strain="adaptive"))), ("agent",)),
    "rate": (EvolutionConfig(**(EVO | agent(neuron="rate"))), ("agent",)),
    "cppn": (
        EvolutionConfig(**EVO, genome=GenomeConfig(encoding="cppn")),
        ("genome", "agent"),
    ),
    "qd": (QDConfig(**QD), tuple(vars(QDConfig()))),
    "cvt": (
        QDConfig(
            **(QD | {"archive": ArchiveConfig(archive="cvt", cvt_cells=9)}),
        ),
        ("archive",),
    ),
    **{
        name: (
            EvolutionConfig(**(EVO | {"env": dataclasses.replace(config, steps=8)})),
            ("env",),
        )
        for name, config in WORLDS_OF_OURS.items()
    },
    **{
        name: (
            QDConfig(**(QD | {"emitter": EmitterConfig(emitter=name, batch_size=8)})),
            ("emitter",),
        )
        for name in EMITTERS
    },
}


def other(config, name, hint):
    """The config with another value of a field that it accepts, if one is known."""
    value = getattr(config, name)
    flat = [hint, *typing.get_args(hint)]
    words = [
        word
        for part in flat
        if typing.get_origin(part) is typing.Literal
        for word in typing.get_args(part)
    ]
    tried = [word for word in words if word != value]
    if isinstance(value, bool):
        tried = [not value]
    elif isinstance(value, int | float):
        tried += [value + 1, value - 1, 3 * value, value / 2 + 0.05]
    elif isinstance(value, tuple):
        tried += [tuple(part + 1 for part in value)] if name != "descriptors" else []
    elif value is None:
        tried += [3]
    for changed in tried:
        if changed == value:
            continue
        try:
            found = dataclasses.replace(config, **{name: changed})
        except (ValueError, TypeError):
            continue
        if not schema.problems(type(config), {name: changed}):
            return found
    return None


def bits(leaf):
    is_key = jnp.issubdtype(jnp.result_type(leaf), jax.dtypes.prng_key)
    return np.asarray(jax.random.key_data(leaf) if is_key else leaf).tobytes()


def constants(jaxpr):
    """What the functions inside of a program captured."""
    for equation in jaxpr.eqns:
        for value in jax.tree.leaves(list(equation.params.values())):
            yield from getattr(value, "consts", ())
            inner = getattr(value, "jaxpr", value)
            if hasattr(inner, "eqns"):
                yield from constants(inner)


def program_of(config):
    """All that decides the bits of a run: what is compiled, and what goes into it."""
    program = koki2.build(config, 0)
    carry = program.init()
    made = jax.make_jaxpr(lambda carry: program.chunk(carry, 2))(carry)
    captured = [*made.consts, *constants(made.jaxpr)]
    leaves = jax.tree.leaves((captured, program.pack(carry)))
    return (
        str(made.jaxpr),
        program.total,
        [bits(leaf) for leaf in leaves],
    )


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_a_setting_is_read_or_said_not_to_be(case):
    config, groups = CASES[case]
    before, nothing_reads = program_of(config), config.unread()
    wrong = []
    for group in groups:
        values = getattr(config, group)
        for name, hint in schema.hints(type(values)).items():
            changed = other(values, name, hint)
            if changed is None:
                continue
            try:
                whole = dataclasses.replace(config, **{group: changed})
                is_read = program_of(whole) != before
            except ValueError:  # rules between groups, or what only building knows
                continue
            path = f"{group}.{name}"
            if is_read == (path in nothing_reads) and path not in DATA:
                wrong.append(f"{path} {'is' if is_read else 'is not'} read")
    assert not wrong


def reads_of(name):
    """The fields of SearchConfig that change what a strategy does."""

    def done(**values):
        config = SearchConfig(strategy=name, **({"pop_size": 8} | values))
        strategy = search.make(config, num_dims=16)
        state = strategy.init(jax.random.key(0), jnp.zeros(16))

        def step(key, fitness):
            genomes, after = strategy.ask(key, state)
            return strategy.tell(after, genomes, fitness), strategy.mean(after)

        made = jax.make_jaxpr(step)(
            jax.random.key(1), jnp.arange(1.0 * config.pop_size)
        )
        consts = [
            np.asarray(x).tobytes() for x in jax.tree.leaves((made.consts, state))
        ]
        return str(made.jaxpr), consts

    before = done()
    tried = {"sigma": 0.3, "lr": 0.3, "pop_size": 16}
    return {field for field, value in tried.items() if done(**{field: value}) != before}


FEW = ("openai_es", "mu_plus_lambda")


@pytest.mark.parametrize(
    "name",
    [n if n in FEW else pytest.param(n, marks=pytest.mark.slow) for n in STRATEGIES],
)
def test_a_strategy_reads_what_it_says(name):
    declared = STRATEGIES[name].reads
    assert reads_of(name) == set(declared or ("sigma", "lr", "pop_size"))


def test_registries_name_only_fields_that_there_are():
    for config in (SearchConfig, EmitterConfig, GenomeConfig, AgentConfig):
        for name, hint in schema.hints(config).items():
            for mark in getattr(hint, "__metadata__", ()):
                if isinstance(mark, Named):
                    for entry in mark.registry.values():
                        reads = entry.reads if entry.reads != AS_MARKED else ()
                        assert set(reads or ()) < set(schema.hints(config)), name
    groups = EvolutionConfig()
    for world in WORLDS.values():
        for group, names in world.ignores.items():
            assert set(names) <= set(vars(getattr(groups, group)))


def test_an_entry_from_outside_may_read_all():
    search.register_strategy("mine", lambda config, num_dims: None)
    try:
        assert unread(SearchConfig(strategy="mine")) == {}
    finally:
        STRATEGIES.remove("mine")
    assert unread(SearchConfig(strategy="cma_es")) == {"lr": "strategy is cma_es"}
    assert "plast_eta" in unread(AgentConfig())


def test_a_world_without_a_body_reads_no_metabolism(koki2_settings):
    lines = koki2_settings("gymnax:CartPole-v1", {"nursing": {"nurse_metabolism": 0.5}})
    assert lines == [
        "nursing.nurse_metabolism is not read where world is gymnax_world; leave it "
        "out (--nurse-metabolism)"
    ]


@pytest.fixture
def koki2_settings():
    from koki2.session.settings import find_level, Layers, resolve

    return lambda world, flags: resolve(Layers(), flags, find_level(world, {}))[1]
