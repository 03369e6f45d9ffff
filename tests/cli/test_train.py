"""koki2 train, generate and eval-lm, on a text of a few kilobytes."""

import json
import shutil

import pytest

from koki2.cli import main
from koki2.session import settings, token_files
from koki2.session.kinds import KINDS

SMALL = (
    "--layers 1 --heads 1 --dim 4 --block 8 --batch 2 --eval-iters 1 --sample-tokens 2 "
    "--metrics-interval 2 --eval-interval 2"
)
TEXT = b"".join(
    b"%d is to be, or not to be\n%s" % (i, b"\n" if i % 7 == 0 else b"")
    for i in range(400)
)


@pytest.fixture(autouse=True)
def tokens_in_memory(monkeypatch):
    monkeypatch.setattr(token_files, "user_folder", lambda: None)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with text.txt, and the run of it."""
    home = tmp_path_factory.mktemp("trained")
    (home / "text.txt").write_bytes(TEXT)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        patch.setattr(token_files, "user_folder", lambda: None)
        words = f"train --data text.txt --iters 4 --seed 3 --out-dir run {SMALL}"
        assert main(words.split()) == 0
    return home


@pytest.fixture
def run(trained, home):
    for name in ("run", "text.txt"):
        source = trained / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, home / name)
    return "run"


def test_a_run_keeps_what_text_and_machine_decided(run, home):
    kept = json.loads((home / run / "config.json").read_text())
    assert kept["config"]["training"]["dtype"] == "float32"
    assert len(kept["config"]["inputs"]["text_digest"]) == 64
    assert kept["provenance"]["model.dim"] == "flag"
    assert kept["provenance"]["training.dtype"] == "machine"
    rows = (home / run / "samples.jsonl").read_text().splitlines()
    assert [json.loads(row)["step"] for row in rows] == [0, 0, 2, 2, 4, 4]


def test_a_complete_run_is_listed_and_nothing_is_left_to_resume(koki2, run):
    said = koki2("runs --runs-dir .")
    assert "train  text.txt  adamw" in said.out and "4 steps" in said.out
    assert "complete already" in koki2(f"resume {run}").out


def test_a_run_is_drawn_with_its_losses(koki2, run, home):
    said = koki2(f"plot {run}")
    assert said.out == "wrote run/training.png\n"
    assert (home / "run" / "training.png").stat().st_size > 10_000


def test_generate_says_the_same_again_and_something_else_with_another_seed(koki2, run):
    line = f"generate {run} --prompt to --tokens 20 --json"
    first, again, other = koki2(line), koki2(line), koki2(f"{line} --seed 1")
    assert first.code == 0 and first == again
    assert first.json["text"] != other.json["text"]
    shown = koki2(f"generate {run} --prompt to --tokens 20").out
    assert shown.startswith("to") and shown.endswith("\n")
    assert not any(ord(c) < 32 for c in shown if c not in "\n\t")


def test_eval_lm_tells_losses_with_intervals_of_what_was_held_out(koki2, run):
    said = koki2(f"eval-lm {run} --data text.txt --json").json
    loss, bits = said["loss"], said["bits_per_byte"]["mean"]
    assert loss["low"] < loss["mean"] < loss["high"]
    assert 5.0 < loss["mean"] < 6.0  # about log 256: it has learnt nothing yet
    assert bits == pytest.approx(loss["mean"] / 0.6931472, rel=1e-6)
    assert set(said["buckets"]) == {"short", "medium", "long"}
    assert said["tokens"] == said["bytes"]
    assert "repeat rate, held out" in koki2(f"eval-lm {run}").out


def test_a_run_goes_on_from_the_model_of_another(koki2, run, refused):
    line = f"train --data text.txt --init-from {run} --eval-only --json {SMALL}"
    begun = koki2(line)
    assert begun.code == 0 and set(begun.json) == {"train_loss", "val_loss"}
    said = refused(f"{line} --bias")
    assert "bias must be False, as in run, got True" in said
    other = f"train --data text.txt --init-from {run} --domain chars {SMALL}"
    assert "tokenizer must be as in run: bytes, got characters" in refused(other)


def test_a_text_that_changed_is_not_gone_on_with(koki2, run, home):
    with open(home / "text.txt", "ab") as text:
        text.write(b"something else\n")
    said = koki2(f"replay {run}")
    assert said.code == 2 and "must be the text that the run began with" in said.err


@pytest.mark.parametrize(
    ("text", "words", "said"),
    [
        (b"", "", "must hold some text, but is empty"),
        (b"\x00\xff" * 500, "--domain chars", "UTF-8"),
        (b"too short", "--block 64", "must be longer than a block of 64"),
        (TEXT, "--val-data text.txt", "must differ from the training text"),
        (TEXT, "--iters 1000000", "passes would learn the text by heart; --force"),
        (TEXT, "--microbatch 3", "microbatch must divide batch, got 3 and 2"),
        (TEXT, "--vocabulary 3", "vocabulary must be at least 256"),
        (TEXT, "--validation-share 0", "validation_share must be above 0"),
        (TEXT, "--optimizer adam", "--optimizer"),
        (TEXT, "--optimizer sgd --beta2 .9", "beta2 is not read where optimizer is"),
    ],
)
def test_what_cannot_come_to_anything_is_refused_before_any_work(
    refused, home, text, words, said
):
    (home / "text.txt").write_bytes(text)
    small = SMALL.replace("--block 8", "") if "--block" in words else SMALL
    assert said in refused(f"train --data text.txt {small} {words}")


def test_a_file_that_is_not_there_is_named(refused):
    said = refused("train --data nowhere.txt")
    assert "a text must be a file, a folder or the name of a corpus" in said


@pytest.mark.parametrize(
    "line",
    [  # of seed 003, section 3 and 15
        "train --data data/super_chat.txt --domain chat --backend helios",
        "train --data data/super_chat.txt --domain chat --backend helios --lr=1e-4 "
        "--activation=silu",
        "train --data data/super_chat.txt --domain chat --iters 50000 --batch 20 "
        "--block 512 --dim 384 --heads 8 --layers 8 --backend helios",
        "train --data x.txt --iters=100 --backend cpu_ref",
        "train --min-lr 1e-5 --lr-decay-iters 10 --weight-decay 0 --beta1 .8 "
        "--beta2 .9 --dropout .1 --bias --grad-accum 2 --eval-interval 5 "
        "--eval-iters 2 --log-interval 1 --optimizer lion --patience 3 "
        "--dtype bfloat16 --seed 1 --grad-clip 5 --warmup-iters 3 --spike-threshold 10",
    ],
)
def test_the_lines_of_the_seed_and_of_nanogpt_are_understood(koki2, line):
    said = koki2(f"{line} --print-config --json")
    assert said.code == 0, said.err


def test_settings_are_laid_over_each_other_in_order(home):
    """Defaults < domain < preset < file < flags."""
    (home / "mine.toml").write_text("[model]\ndim = 64\nheads = 2\n")
    layers = settings.TrainingLayers(
        domain="chat", preset="char", config=home / "mine.toml"
    )
    found, problems = settings.resolve(
        layers, {"model": {"heads": 8}}, kind=KINDS.find("train")
    )
    assert not problems
    model, origin = found.config.model, found.provenance
    assert (model.layers, model.dim, model.heads) == (4, 64, 8)
    assert origin["tokenizer.tokenizer"] == "preset:char"
    assert origin["tokenizer.specials"] == "domain:chat"
    assert origin["model.heads"] == "flag" and origin["model.block"] == "preset:char"


@pytest.mark.parametrize("name", settings.TRAINING)
def test_every_preset_is_accepted(name):
    layers = settings.TrainingLayers(preset=name)
    found, problems = settings.resolve(layers, {}, kind=KINDS.find("train"))
    assert not problems and not found.notes


def test_the_special_tokens_of_the_domain_chat_are_those_of_data():
    from koki2 import data
    from koki2.session import presets

    assert presets.CHAT_TOKENS == data.CHAT_TOKENS
