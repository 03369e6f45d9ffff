import json
import shutil

import pytest

from koki2.runlog import jsontext


def test_everything_wrong_is_said_at_once(refused, home):
    (home / "mine.toml").write_text(
        "[env]\nnum_surces = 3\nwidth = 1.5\nheight = 0\n"
        "[loop]\ngenerations = true\n[serch]\nlr = 1.0\n"
    )
    said = refused("evo-l0 --config mine.toml --lr -1 --sigma nan --seed -5")
    assert "8 settings must be changed" in said
    for line in (
        "--seed must be an integer >= 0 and <= 2147483647, got -5",
        "env.num_surces is unknown; did you mean env.num_sources",
        "env.width must be an integer >= 2 and <= 32768, got 1.5 (mine.toml)",
        "env.height must be an integer >= 1 and <= 32768, got 0 (mine.toml)",
        "loop.generations must be an integer >= 1 and <= 10000000, got True (mine.toml",
        "serch is unknown; did you mean search? (mine.toml)",
        "search.lr must be a finite number > 0, got -1.0 (--lr)",
        "search.sigma must be a finite number > 0, got nan (--sigma)",
    ):
        assert line in said


def test_a_bad_file_is_bad_even_where_a_flag_overrules_it(refused, home):
    (home / "mine.toml").write_text("[env]\nnum_sources = 'four'\n")
    assert "env.num_sources must be" in refused(
        "evo-l0 --config mine.toml --num-sources 4"
    )


@pytest.mark.parametrize(
    "words, said",
    [
        ("--num-bad-sources 3", "num_bad_sources must not exceed num_sources"),
        ("--k-edges 32", "k_edges must be below n_neurons"),
        ("--mvt --mvt-steps 200", "mvt_steps must not exceed steps"),
        ("--strategy cma_ess", "did you mean cma_es"),
        ("--strategy pgpe --pop-size 7", "pop_size of pgpe must be a multiple of 2"),
        ("--lr 1e-320", "search.lr must be a number that fits in 32 bits, got 1e-320"),
        ("--plast-enabled --plast-eta 1e-39", "plast_eta must be a number that fits"),
        ("--obs-noise 1e39", "obs_noise must be a number that fits in 32 bits"),
        ("--topology-seed 99999999999", "must be a number that fits in 32 bits"),
        ("--respawn-delay 3000000000", "must be an integer >= 0 and <= 1000000"),
        ("--theta 1e300", "must be a number that fits in 32 bits"),
        ("--energy-decay sometimes", "--energy-decay"),
        ("--topology-seed some", "--topology-seed"),
        ("--generatons 3", "--generations"),
        ("--generations", "--generations"),
        ("--generations three", "--generations"),
        ("--preset l0", "l0-hazards"),
        ("--config no.toml", "no.toml cannot be read"),
        ("--config no.yaml", "should end in .toml or .json"),
        ("--log-every 0", "--log-every must be an integer >= 1 or none, got 0"),
        ("stray", "stray"),
        ("--strategy nes", "snes"),
        ("--strategy mu_plus_lambda --lr 5", "search.lr is not read where strategy is"),
        ("--mvt-steps 9", "mvt_steps is not read where mvt is False; leave it out"),
        ("--cppn-gain 3", "cppn_gain is not read where encoding is direct"),
        ("--jax-transfer-guard perhaps", "disallow_explicit"),
        ("--seed 1 --seed 2", "--seed must stand once, got --seed and --seed"),
        ("--mvt --no-mvt", "--mvt must stand once, got --mvt and --no-mvt"),
        ("--config a.toml --config b.toml", "--config must stand once"),
        (f"--seed {'9' * 5000}", "Error parsing --seed: Exceeds the limit"),
    ],
)
def test_a_bad_evolution_is_refused_with_a_reason(refused, words, said):
    assert said in refused(f"evo-l0 {words}")


def test_rules_between_fields_hold_across_layers(refused, home):
    (home / "mine.toml").write_text("[env]\nnum_sources = 2\n")
    said = refused("evo-l0 --config mine.toml --num-bad-sources 3")
    assert "got 3 of 2" in said


def test_what_only_the_search_knows_is_bad_input_too(refused, fake):
    assert "nothing to be guided by" in refused("evo-l0 --strategy guided_es")


@pytest.mark.parametrize(
    "name, text",
    [
        ("twice.json", '{"env": {"width": 3, "width": 4}}'),
        ("nan.json", '{"env": {"obs_noise": NaN}}'),
        ("infinite.json", '{"env": {"obs_noise": 1e999}}'),
        ("nan.toml", "[env]\nobs_noise = nan\n"),
        ("twice.toml", "[env]\nwidth = 3\nwidth = 4\n"),
        ("list.json", "[1]"),
        ("table.toml", "env = 3\n"),
        ("inner.toml", "[env.width]\ncells = 3\n"),
        ("flat.toml", "num_sources = 3\n"),
        ("long.toml", f"[env]\nwidth = 0x{'f' * 5000}\n"),
        ("longer.json", '{"env": {"width": %s}}' % ("9" * 5000)),
        ("deep.json", "[" * 100_000),
        ("deep.toml", "a = " + "[" * 100_000),
        ("null.json", '{"env": {"width": null}}'),
        ("date.toml", "[env]\nwidth = 2026-11-20\n"),
        ("binary.toml", "\0\x01\x02"),
        ("empty.json", ""),
        ("mixed.json", '{"config": 3, "provenance": {}}'),
    ],
)
def test_a_bad_file_is_named(refused, home, name, text):
    (home / name).write_text(text)
    assert name in refused(f"evo-l0 --config {name}")


def test_a_setting_in_the_wrong_place_is_shown_the_right_one(refused, home):
    (home / "flat.toml").write_text("num_sources = 3\n[agent]\npop_size = 8\n")
    said = refused("evo-l0 --config flat.toml")
    assert "did you mean env.num_sources" in said
    assert "agent.pop_size is unknown; did you mean search.pop_size?" in said


@pytest.mark.parametrize(
    "words, said",
    [
        ("evolve", "evo-l0"),
        ("", "usage"),
        ("--seed 3 evo-l0", "stand behind it"),
        ("--jax-debug-nans", "must be one of"),
        ("eval-run", "--run-dir"),
        ("eval-run --run-dir nowhere", "nowhere should be the folder of a run"),
        ("eval-run --run-dir . --seed", "at least 1"),
        ("eval-run --run-dir . --seed 0 -1", "--seed"),
        ("eval-run --run-dir . --override-plast-eta nan", "--override-plast-eta"),
        ("eval-run --run-dir . --episodes 0", "--episodes"),
        ("resume", "RUN is missing: koki2 resume RUN"),
        ("evo", "WORLD is missing: koki2 evo WORLD"),
        ("qd --descriptors end_x end_y detour-l1.3", "WORLD is missing"),
        ("evo sparse detour", "WORLD must be all that stands alone"),
        ("plot", "RUN [RUN ...] is missing"),
        ("resume nowhere", "nowhere should be the folder of a run"),
        ("resume a b", "b"),
        ("replay nowhere", "nowhere should be the folder of a run"),
        ("baseline-l0 --policy genius", "planner"),
        ("baseline-l0 --pop-size 8", "--pop-size"),
        ("batch-evo-l0 --seeds 1,x", "--seeds"),
        ("batch-evo-l0 --seed-count 0", "--seed-count"),
        ("batch-evo-l0 --seeds 1 2 --seed-count 5", "--seed-count must not stand"),
        ("runs --jax-debug-nans", "--jax-debug-nans"),
    ],
)
def test_a_bad_command_line_is_refused_with_a_reason(refused, words, said):
    assert said in refused(*words.split())


@pytest.mark.parametrize(
    "words, said",
    [
        ("batch-evo-l0 --seeds 1,1", "differ from each other"),
        ("batch-evo-l0 --tag a/b", "tag must be letters"),
        ("evo-l0 --out-dir taken", "taken holds notes"),
        ("evo-l0 --out-dir taken/notes", "in, a file"),
        ("evo-l0 --runs-dir taken/notes", "in, a file"),
    ],
)
def test_a_folder_that_cannot_be_is_refused(refused, fake, home, words, said):
    (home / "taken").mkdir()
    (home / "taken" / "notes").write_text("mine")
    assert said in refused(words)


def test_a_folder_that_is_no_run_is_broken(koki2, home):
    said = koki2("resume .")
    assert said.code == 3 and "config.json is missing" in said.err


def test_a_run_of_another_config_is_broken(koki2, fake, home):
    assert koki2("evo-l0 --preset smoke --out-dir run").code == 0
    path = home / "run" / "config.json"
    document = json.loads(path.read_text())
    document["config"]["env"].pop("width")
    document["config"]["env"]["depth"] = 3
    path.write_text(json.dumps(document))
    assert "should have the digest" in koki2("replay run").err
    of_its_own(home / "run", document)
    said = koki2("replay run")
    assert said.code == 3
    assert "env.depth is unknown" in said.err


def of_its_own(run, document):
    """Makes a changed config that of the run, as of another version of koki2."""
    manifest = json.loads((run / "manifest.json").read_text())
    manifest["config_digest"] = jsontext.digest(document["config"])
    del manifest["identity"]
    (run / "manifest.json").write_text(json.dumps(manifest))
    shutil.rmtree(run / "checkpoints")


@pytest.mark.parametrize(
    "words",
    [
        "evo obstacles-l1.2 --seed 1",
        "evo --seed 1 obstacles-l1.2",
        "--no-jax-cache evo obstacles-l1.2",
        "evo --mvt obstacles-l1.2 --seed 1",
    ],
)
def test_a_world_is_found_wherever_it_stands(koki2, words):
    said = koki2(f"{words} --print-config --json")
    assert said.code == 0, said.err
    assert said.json["config"]["env"]["world"] == "obstacles"


@pytest.mark.parametrize(
    "words, says",
    [
        ("evo --seed 1 nosuch", "there is no world 'nosuch'"),
        ("baseline --policy stay nosuch", "there is no world 'nosuch'"),
        ("evo --strategy sparse obstacles-l1.2", "there is no strategy 'sparse'"),
        ("evo --seed 1", "WORLD is missing"),
    ],
)
def test_a_world_that_cannot_be_told_is_refused(refused, words, says):
    assert says in refused(words)
