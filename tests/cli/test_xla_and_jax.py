"""What is set before JAX starts, and processes that start afresh."""

import json
import os
import re
import subprocess
import sys
import textwrap

import jax
import pytest

from koki2.session import startup, xla_flags

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))


@pytest.fixture
def python(tmp_path):
    """Runs Python code in a fresh process with an environment of a few variables."""

    def run(code, *words, **environment):
        kept = {k: os.environ[k] for k in ("PATH", "HOME") if k in os.environ}
        here = {"PYTHONPATH": f"{ROOT}{os.pathsep}{os.path.dirname(__file__)}"}
        return subprocess.run(
            [sys.executable, "-c", textwrap.dedent(code), *words],
            env=kept | here | environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run


def test_the_check_script_has_the_same_strict_flags():
    with open(os.path.join(ROOT, "tools", "check.sh")) as file:
        text = file.read()
    words = " ".join(re.findall(r'^strict_flags="(.*)"$', text, re.MULTILINE))
    assert tuple(words.replace("$strict_flags", "").split()) == xla_flags.STRICT


@pytest.mark.parametrize(
    "words, before, after",
    [
        ("", {}, " ".join(xla_flags.fast(startup.cores()))),
        ("--no-fast-flags", {}, None),
        ("", {"JAX_PLATFORMS": "cuda"}, None),
        ("", {"XLA_FLAGS": " ".join(xla_flags.STRICT)}, " ".join(xla_flags.STRICT)),
        (
            "",
            {"XLA_FLAGS": "--xla_force_host_platform_device_count=1 --xla_dump_to=d"},
            f"{xla_flags.fast(1)[0]} --xla_force_host_platform_device_count=1 "
            "--xla_dump_to=d",
        ),
        ("", {"KOKI2_RESTARTED": "1", "XLA_FLAGS": "--a=1"}, "--a=1"),
    ],
)
def test_the_flags_xla_starts_with(python, words, before, after):
    code = """
        import os, sys
        from koki2.cli import evo, main
        evo.run = lambda options: print(repr(os.environ.get("XLA_FLAGS"))) or 0
        sys.exit(main())
    """
    said = python(code, "evo-l0", *words.split(), **before)
    assert (said.returncode, said.stdout.strip()) == (0, repr(after)), said.stderr


def test_switches_reach_jax_from_both_sides_of_the_command(python, tmp_path):
    code = """
        import json, sys
        from koki2.cli import evo, main
        assert "jax" not in sys.modules
        def run(options):
            assert "jax" not in sys.modules
            import jax
            names = sys.argv[-1].split(",")
            print(json.dumps({n: getattr(jax.config, "jax_" + n) for n in names}))
            return 0
        evo.run = run
        sys.exit(main(sys.argv[1:-1]))
    """
    names = (
        "log_compiles,explain_cache_misses,debug_nans,disable_jit,check_tracer_leaks,"
        "transfer_guard,compilation_cache_dir,persistent_cache_min_compile_time_secs,"
        "persistent_cache_min_entry_size_bytes,enable_compilation_cache"
    )
    said = python(
        code,
        *"--jax-debug-nans --jax-cache-dir here --jax-transfer-guard log".split(),
        "evo-l0",
        *"--jax-log-compiles --jax-check-tracer-leaks --jax-disable-jit".split(),
        "--jax-explain-cache-misses",
        names,
    )
    assert said.returncode == 0, said.stderr
    assert json.loads(said.stdout) == {
        "log_compiles": True,
        "explain_cache_misses": True,
        "debug_nans": True,
        "disable_jit": True,
        "check_tracer_leaks": True,
        "transfer_guard": "log",
        "compilation_cache_dir": "here",
        "persistent_cache_min_compile_time_secs": 0,
        "persistent_cache_min_entry_size_bytes": -1,
        "enable_compilation_cache": True,
    }
    assert (tmp_path / "here").is_dir()
    said = python(
        code,
        "evo-l0",
        "--no-jax-cache",
        "enable_compilation_cache,compilation_cache_dir",
    )
    assert json.loads(said.stdout)["enable_compilation_cache"] is False


CACHE = """
    import os, sys
    from koki2.cli import evo, main
    evo.run = lambda o: print(os.environ.get("JAX_COMPILATION_CACHE_DIR")) or 0
    sys.exit(main())
"""


def test_the_cache_is_in_the_users_cache_folder(python, tmp_path):
    ask = lambda **environment: python(CACHE, "evo-l0", **environment).stdout.strip()
    there, folder = str(tmp_path / "cache"), tmp_path / "cache" / "koki2" / "jax"
    folder.mkdir(parents=True)
    for n in range(3):  # sparse files of 2.7 GB in all, where 2 are the limit
        (folder / f"{n}-cache").touch()
        os.truncate(folder / f"{n}-cache", 900_000_000)
        os.utime(folder / f"{n}-cache", (n, n))
    assert ask(XDG_CACHE_HOME=there) == f"{there}/koki2/jax"
    assert [path.name for path in folder.glob("*-cache")] == ["2-cache"]
    assert ask(HOME=there) == f"{there}/.cache/koki2/jax"
    assert ask(JAX_COMPILATION_CACHE_DIR="mine") == "mine"
    (tmp_path / "file").write_text("")
    assert ask(XDG_CACHE_HOME=str(tmp_path / "file")) == "None"
    said = python(CACHE, "evo-l0", "--jax-cache-dir", "file/x")
    assert said.returncode == 2 and "--jax-cache-dir must be a folder" in said.stderr


FAKE = """
    import os, sys
    import fake_evolution
    from koki2.cli import main
    fake_evolution.install(setattr)
    sys.exit(main())
"""


def test_strict_bits_start_afresh_and_are_recorded(python, tmp_path):
    said = python(FAKE, "evo-l0", "--strict-bits", "--out-dir", "run")
    assert said.returncode == 0, said.stderr
    assert said.stderr.count("starting afresh") == 1
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert manifest["strict_bits"] is True
    assert manifest["environment"]["XLA_FLAGS"] == " ".join(xla_flags.STRICT)


def test_replay_and_resume_take_the_flags_of_the_run(python, tmp_path):
    words = ("evo-l0", "--out-dir", "run", "--generations", "3")
    said = python(FAKE, *words, XLA_FLAGS="--xla_cpu_max_isa=AVX2")
    assert said.returncode == 0, said.stderr
    said = python(FAKE, "replay", "run", "--json")
    assert said.returncode == 0, said.stderr
    assert said.stderr.count("starting afresh") == 1
    assert not any(
        "XLA_FLAGS" in line for line in json.loads(said.stdout)["environment"]
    )
    (tmp_path / "run" / "summary.json").unlink()
    said = python(FAKE, "resume", "run")
    assert said.returncode == 0 and said.stderr.count("starting afresh") == 1


def test_a_process_that_is_not_ours_is_not_replaced(koki2, home):
    said = koki2("evo-l0 --strict-bits")
    assert said.code == 2 and "a process of its own" in said.err


REFUSED = (
    ({"PYTHONPATH": "evil"}, 3, "must keep no variable 'PYTHONPATH'"),
    ({"LD_PRELOAD": "evil.so"}, 3, "must keep no variable 'LD_PRELOAD'"),
    ({"JAX_COMPILATION_CACHE_DIR": "evil"}, 3, "must keep no variable"),
    ({"XLA_FLAGS": 3}, 3, "a value of XLA_FLAGS that it can have, got 3"),
    ({"NVIDIA_TF32_OVERRIDE": "2; evil"}, 3, "a value of NVIDIA_TF32_OVERRIDE"),
    (["XLA_FLAGS"], 3, "an object for environment"),
    ({"XLA_FLAGS": "--xla_dump_to=evil"}, 2, "does not set: '--xla_dump_to=evil'"),
    ({"XLA_FLAGS": "--xla_cpu_max_isa=AVX2 evil"}, 2, "does not set: 'evil'"),
    ({"JAX_DEFAULT_PRNG_IMPL": "rbg"}, 2, "it cannot come to the same"),
)


def test_a_run_folder_sets_only_what_koki2_keeps(koki2, fake, home):
    assert koki2("evo-l0 --generations 1 --out-dir run").code == 0
    (home / "run" / "summary.json").unlink()
    path = home / "run" / "manifest.json"
    facts = json.loads(path.read_text())
    for environment, code, says in REFUSED:
        path.write_text(json.dumps(facts | {"environment": environment}))
        for command in ("replay run", "resume run"):
            said = koki2(command)
            assert said.code == code and says in said.err, (command, said)


def test_a_manifest_that_names_modules_runs_none_of_them(koki2, fake, python, tmp_path):
    assert koki2("evo-l0 --generations 1 --out-dir run").code == 0
    (tmp_path / "evil").mkdir()
    (tmp_path / "evil" / "sitecustomize.py").write_text("open('ran', 'w')\n")
    path = tmp_path / "run" / "manifest.json"
    facts = json.loads(path.read_text())
    facts["environment"]["PYTHONPATH"] = "evil"
    path.write_text(json.dumps(facts))
    said = python(FAKE, "replay", "run")
    assert said.returncode == 3 and "PYTHONPATH" in said.stderr
    assert not (tmp_path / "ran").exists()


MOVING = {
    "JAX_ENABLE_X64": "1",
    "JAX_DEFAULT_PRNG_IMPL": "rbg",
    "JAX_THREEFRY_PARTITIONABLE": "false",
    "JAX_RANDOM_SEED_OFFSET": "7",
}


def test_variables_that_change_what_a_seed_gives_are_named_and_not_heard(python):
    code = """
        import os, sys
        from koki2.cli import baseline, main
        def run(options):
            import jax
            print(jax.random.key(3), jax.config.jax_enable_x64)
            return 0
        baseline.run = run
        sys.exit(main())
    """
    heard = {"JAX_DISABLE_JIT": "1", "JAX_ENABLE_CUSTOM_PRNG": "off"}
    said = python(code, "baseline-l0", **MOVING, **heard)
    assert said.returncode == 0, said.stderr
    assert said.stdout == f"{jax.random.key(3)} False\n"
    for name in MOVING:
        assert f"{name}=" in said.stderr
    assert "CUSTOM" not in said.stderr and "under JAX_DISABLE_JIT='1'" in said.stderr


def test_a_process_that_started_jax_under_other_numbers_is_refused(koki2):
    before = jax.config.jax_default_prng_impl
    jax.config.update("jax_default_prng_impl", "rbg")
    try:
        said = koki2("baseline-l0 --policy stay --episodes 2")
    finally:
        jax.config.update("jax_default_prng_impl", before)
    assert said.code == 2 and "JAX_DEFAULT_PRNG_IMPL must be threefry2x32" in said.err


@pytest.mark.slow
def test_a_baseline_lives_the_same_lives_whatever_the_variables(python):
    code = "import sys; from koki2.cli import main; sys.exit(main())"
    words = "baseline-l0 --policy greedy --episodes 8 --json".split()
    plain, said = python(code, *words), python(code, *words, **MOVING)
    assert plain.returncode == 0 and said.stdout == plain.stdout


def test_the_working_directory_offers_no_modules(tmp_path):
    (tmp_path / "tyro.py").write_text("open('ran', 'w')\n")
    said = subprocess.run(
        [sys.executable, "-m", "koki2", "runs"],
        env={**os.environ, "PYTHONPATH": ROOT},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert said.returncode == 0 and "no runs" in said.stdout, said.stderr
    assert not (tmp_path / "ran").exists()
