"""A world in a file outside the package goes wherever ours do."""

import pathlib
import shutil
import sys
import typing

import pytest
from lanes_of_tests import mostly_slow

from koki2 import runlog
from koki2.cli.check import Options
from koki2.session.checking import CONTRACTS
from koki2.session.objects import ROLES

EXAMPLES = pathlib.Path(__file__).parents[2] / "docs" / "add_your_own"
SMALL = "--pop-size 8 --episodes 2 --n-neurons 8 --k-edges 2"


@pytest.fixture
def files(home):
    for path in EXAMPLES.glob("my_*.py"):
        shutil.copy(path, home / path.name)
    before = {role: set(known.registry) for role, known in ROLES.items()}
    yield home
    for role, names in before.items():
        for name in set(ROLES[role].registry) - names:
            ROLES[role].registry.remove(name)


def test_it_evolves_is_judged_and_replays_if_it_is_named_again(koki2, files):
    words = f"evo my_world.py:line --generations 3 {SMALL} --out-dir run"
    assert koki2(words).code == 0
    document = runlog.read_config("run")
    assert document["config"]["env"] == {"world": "my_world.py:line"}
    assert document["objects"]["world"]["name"] == "my_world.py:line"
    for command in (
        "replay run",
        "eval-run --run-dir run --episodes 2 --baseline-policy random",
    ):
        said = koki2(command)
        assert said.code == 2 and "--world my_world.py:line" in said.err
        said = koki2(f"{command} --world my_world.py:line")
        assert said.code == 0, said.err
    assert koki2("plot run").code == 0 and koki2("runs --runs-dir .").code == 0


def test_a_changed_source_is_refused_before_it_is_run(koki2, files):
    words = f"evo my_world.py:line --generations 2 {SMALL} --out-dir run"
    assert koki2(words).code == 0
    with open("my_world.py", "a") as file:
        file.write("\nraise SystemExit('this ran')\n")
    said = koki2("replay run --world my_world.py:line")
    assert said.code == 2 and "as it was when the run began" in said.err


def test_one_with_a_map_is_filmed_and_one_without_says_why_not(koki2, files):
    for world in ("my_map_world.py:field", "my_world.py:line"):
        words = f"evo {world} --generations 2 {SMALL} --out-dir {world[:6]}"
        assert koki2(words).code == 0
    film = "--steps-max 4 --world my_map_world.py:field --out life.gif"
    said = koki2(f"replay-life my_map {film}")
    assert said.code == 0 and (files / "life.gif").exists(), said.err
    said = koki2("replay-life my_wor --world my_world.py:line")
    assert said.code == 2 and "has none" in said.err


def test_a_strategy_of_ones_own_searches(koki2, files):
    words = f"evo-l0 --strategy my_strategy.py:keep_best {SMALL} --generations 2"
    said = koki2(f"{words} --out-dir run")
    assert said.code == 0, said.err
    assert set(runlog.read_objects("run")) == {"strategy"}
    assert koki2("replay run --strategy my_strategy.py:keep_best").code == 0


def test_descriptors_of_ones_own_span_an_archive(koki2, files):
    ours = "--descriptors my_descriptor.py:rest my_descriptor.py:lean"
    small = "--shape 3 4 --batch-size 8 --episodes 2 --n-neurons 8 --k-edges 2"
    said = koki2(f"qd chemotaxis-l0.2 {ours} {small} --generations 2 --out-dir run")
    assert said.code == 0, said.err
    assert set(runlog.read_objects("run")) == {"descriptor", "descriptor 2"}
    said = koki2("replay run --descriptors my_descriptor.py:lean")
    assert said.code == 2
    assert "--descriptors must be my_descriptor.py:rest" in said.err
    said = koki2(f"replay run {ours}")
    assert said.code == 0, said.err


@pytest.mark.parametrize(
    "words, says",
    [
        ("evo nowhere.py:line", "nowhere.py:line cannot be read"),
        ("evo my_world.py:plane", "must define plane"),
        ("evo broken.py:line", "broken.py:line cannot be loaded: NameError"),
        ("evo number.py:line", "must be an Env"),
        ("evo no_such_module:line", "neither no_such_module.py nor a module"),
    ],
)
def test_what_is_no_world_is_refused_with_nothing_made(koki2, files, words, says):
    (files / "broken.py").write_text("line = nothing\n")
    (files / "number.py").write_text("line = 3\n")
    before = sorted(files.iterdir())
    said = koki2(f"{words} --out-dir run")
    assert said.code == 2 and says in said.err and "Traceback" not in said.err
    assert sorted(files.iterdir()) == before


def test_check_tells_what_a_world_breaks(koki2, files):
    said = koki2("check my_world.py:line --json")
    assert said.code == 0 and said.json["broken"] == {}, said.json
    text = (files / "my_world.py").read_text()
    (files / "wrong.py").write_text(text + "\n_line = line\n" + WRONG)
    said = koki2("check wrong.py:line --json")
    assert said.code == 1 and said.json["broken"]


def test_check_looks_at_strategies_too(koki2, files):
    said = koki2("check my_strategy.py:keep_best --role strategy --json")
    assert said.code == 0 and said.json == {
        "strategy": "my_strategy.py:keep_best",
        "broken": {},
    }
    text = (files / "my_strategy.py").read_text()
    (files / "wrong.py").write_text(
        text.replace("pop_size=config.pop_size", "pop_size=0")
    )
    said = koki2("check wrong.py:keep_best --role strategy --json")
    assert said.code == 1
    assert said.json["broken"]["form"] == "pop_size must be an integer >= 1, got 0."
    assert said.json["broken"]["replay"] == "not looked at"
    assert koki2("check snes --role strategy --json").code == 0
    assert koki2("check snes").code == 2


GENOME = """
from koki2.genomes import direct

def copy(config, agent, observation_size, num_actions, topology):
    return direct(agent, observation_size, num_actions)._replace()
"""
BROKEN = {
    "agent": (
        "my_agent.py:reflex",
        ("jnp.int32", "jnp.float32"),
        ("actions", "action must be int32 [], got float32 []."),
    ),
    "genome": (
        "my_genome.py:copy",
        ("_replace()", "_replace(size=0)"),
        ("form", "size must be an integer >= 1, got 0."),
    ),
    "emitter": (
        "my_emitter.py:far",
        ("batch_size=config.batch_size", "batch_size=0"),
        ("form", "batch_size must be an integer >= 1, got 0."),
    ),
    "descriptor": (
        "my_descriptor.py:rest",
        ("stats.actions[0]", "stats.paces[0]"),
        ("number", "it raised AttributeError: 'EpisodeStats' object has no attribute"),
    ),
}


@pytest.mark.parametrize("role", mostly_slow(BROKEN, "agent"))
def test_check_looks_at_all_that_one_can_add(koki2, files, role):
    (files / "my_genome.py").write_text(GENOME)
    text, change, (check, sentence) = BROKEN[role]
    said = koki2(f"check {text} --role {role} --json")
    assert said.code == 0 and said.json == {role: text, "broken": {}}
    file, _, name = text.partition(":")
    (files / "wrong.py").write_text((files / file).read_text().replace(*change))
    said = koki2(f"check wrong.py:{name} --role {role} --json")
    assert said.code == 1 and said.json["broken"][check].startswith(sentence)
    said = koki2(f"check nothing --role {role}")
    assert said.code == 2 and "there is no" in said.err


@pytest.mark.slow
@pytest.mark.parametrize(
    "role, name",
    [
        *(("agent", "recurrent"), ("genome", "cppn")),
        *(("emitter", "iso_line"), ("descriptor", "reach")),
    ],
)
def test_check_finds_ours_by_name(koki2, role, name):
    said = koki2(f"check {name} --role {role}")
    assert said.code == 0 and "kept" in said.out


@pytest.mark.slow
def test_check_shows_the_truth_to_an_agent_that_uses_it(koki2, files):
    (files / "seer.py").write_text(SEER)
    said = koki2("check seer.py:seer --role agent --json")
    assert said.code == 0 and said.json["broken"] == {}


def test_every_role_has_a_contract():
    assert set(CONTRACTS) == set(ROLES)
    assert set(typing.get_args(Options.__annotations__["role"])) == set(CONTRACTS)


SEER = """
from koki2.agents import AgentFamily, navigator
from koki2.envs import obstacles

seer = AgentFamily(lambda *_: navigator(obstacles().size), lambda *_: {})
"""
WRONG = """
def line():
    env = _line()
    return env._replace(observation_size=env.observation_size + 1)
"""


def test_python_leaves_the_folder_that_the_command_line_leaves(koki2, files):
    import koki2 as package

    sys.path.insert(0, str(files))
    try:
        from my_world import line
    finally:
        sys.path.remove(str(files))
    task = package.make_task(line(), package.AgentConfig(n_neurons=8, k_edges=2))
    search = package.SearchConfig(pop_size=8)
    program = package.evolve(
        task,
        package.search.make(search, task.genome.size),
        package.full_episodes(task.episode, package.score(), episodes=2),
        loop=package.LoopConfig(generations=3, checkpoint_every=2),
        seed=0,
    )
    run = package.run(program, out="from_python", progress=False)
    assert run.summary["status"] == "complete" and len(run.rows()) == 3
    again = package.run(program, out="from_python", progress=False)
    assert again.rows() == run.rows()
    found = package.evaluate(run, episodes=4, seed=1)
    assert set(found["genomes"]) == {"best", "mean"} and "random" in repr(found)
    assert run.plot().axes and "Run(" in repr(package.load("from_python"))
    names = {path.name for path in (files / "from_python").iterdir()}
    assert {"config.json", "generations.jsonl", "summary.json"} <= names
    said = koki2("resume from_python --json")
    assert said.code == 0 and said.json["status"] == "complete"
