"""Texts from disk: which documents, which parts, which tokens; what is refused."""

import json
import os
import pathlib
import re

import numpy as np
import pytest

from koki2 import data, runlog
from koki2.session import token_files
from koki2.session.corpora import CORPORA, read_corpus, register_corpus
from koki2.session.text_files import read_documents

LINES = [f"line {i}, and so on\n\n" for i in range(60)]
TEXT = "".join(LINES)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text(TEXT)
    return path


def corpus(path, *, tokenizer="bytes", block=8, folder=None, specials=(), **knobs):
    settings = data.TokenizerConfig(tokenizer=tokenizer, specials=specials)
    config = data.DataConfig(data=str(path), **knobs)
    return read_corpus(config, settings, block=block, folder=folder)


def text_of(corpus, name):
    return corpus.tokenizer.decode(np.asarray(corpus.parts[name].tokens))


def refused(action):
    with pytest.raises(runlog.InputError) as raised:
        action()
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_a_text_is_dealt_whole_and_decodes_to_its_pieces(file):
    read = corpus(file)
    texts = [text_of(read, name).decode() for name in ("train", "validation", "test")]
    assert sorted("".join(texts)) == sorted(TEXT) and all(texts)
    assert sum(part.bytes for part in read.parts.values()) == len(TEXT)
    assert read.floors == {}


def test_files_of_a_folder_rows_and_marked_parts_are_documents(tmp_path):
    words = ["to be", "or not", "to be that"]
    folder = tmp_path / "folder"
    (folder / "deep").mkdir(parents=True)
    (folder / ".hidden").write_text("not this")
    for name, word in zip(("b", "a", "deep/c"), words, strict=True):
        (folder / name).write_text(word)
    marked = tmp_path / "marked.txt"
    marked.write_text("<|endoftext|>".join(words))
    rows = tmp_path / "rows.jsonl"
    talk = [{"role": "user", "content": "to"}, {"role": "assistant", "content": "be"}]
    lines = [json.dumps(line) for line in [{"text": words[0]}, words[1]]]
    rows.write_text("\n".join([*lines, "", json.dumps({"messages": talk})]))
    expected = sorted(word.encode() for word in words)
    assert sorted(read_documents(folder)) == sorted(read_documents(marked)) == expected
    assert read_documents(rows)[2] == b"<|user|>to<|assistant|>be"
    assert read_documents(rows)[:2] == [b"to be", b"or not"]


def test_a_talk_is_in_role_tokens(tmp_path):
    rows = tmp_path / "rows.jsonl"
    says = lambda i: [{"role": "user", "content": f"{i}, and {i}?"}]
    lines = [json.dumps({"messages": says(i)}) for i in range(9)]
    rows.write_text("\n".join(lines))
    read = corpus(rows, specials=data.CHAT_TOKENS)
    first, *_, last = read.parts["test"].tokens
    assert read.tokenizer.decode([int(first), int(last)]) == b"<|user|><|endoftext|>"


def test_an_end_token_stands_after_every_document_else_a_blank_line(file):
    with_end = corpus(file, specials=(data.END_OF_TEXT,))
    part = with_end.parts["train"]
    assert np.sum(part.tokens == 256) == part.documents and part.tokens[-1] == 256
    assert text_of(corpus(file), "train").endswith(b"\n\n")


def test_token_files_are_made_once_and_mapped(file, tmp_path, monkeypatch):
    cache = tmp_path / "tokens"
    first = corpus(file, folder=cache)
    assert [path.name for path in cache.iterdir()] == [first.digest]
    monkeypatch.setattr(token_files, "encode", None)  # it is not called again
    second = corpus(file, folder=cache)
    assert isinstance(second.parts["train"].tokens, np.memmap)
    for name, part in corpus_in_memory(file, monkeypatch).parts.items():
        np.testing.assert_array_equal(second.parts[name].tokens, part.tokens)
        assert second.parts[name][1:] == part[1:]


def corpus_in_memory(file, monkeypatch):
    monkeypatch.undo()
    return corpus(file)


def flipped(content):
    return content[:-1] + bytes([content[-1] ^ 1])


@pytest.mark.parametrize(
    "name, damaged",
    [
        ("train.npy", flipped),
        ("train.npy", lambda content: content[:-9]),
        ("corpus.json", lambda content: content[:-9]),
        ("corpus.json", lambda content: b"{}"),
    ],
)
def test_a_damaged_token_file_is_made_anew(file, tmp_path, name, damaged):
    read = corpus(file, folder=tmp_path / "tokens")
    expected = np.array(read.parts["train"].tokens)
    path = tmp_path / "tokens" / read.digest / name
    path.write_bytes(damaged(path.read_bytes()))
    again = corpus(file, folder=tmp_path / "tokens")
    np.testing.assert_array_equal(again.parts["train"].tokens, expected)


def test_a_disk_that_refuses_leaves_no_half_made_folder(file, tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="No space left"):
        corpus(file, folder=tmp_path / "tokens")
    assert list((tmp_path / "tokens").iterdir()) == []


def test_of_two_that_make_the_same_files_one_is_enough_and_leftovers_go(tmp_path):
    parts = data.deal([b"a", b"b", b"c"])
    encoded = token_files.encode(parts, data.TokenizerConfig())
    left, busy = tmp_path / ".old.1.tmp", tmp_path / ".new.2.tmp"
    for path in (left, busy):
        path.mkdir()
    os.utime(left, (0, 0))
    for _ in range(2):
        token_files.save(tmp_path / "digest", encoded)
    assert {path.name for path in tmp_path.iterdir()} == {"digest", busy.name}
    assert token_files.load(tmp_path / "digest").parts["train"].bytes == 3


def test_another_tokenizer_or_split_has_another_digest(file):
    digests = {
        corpus(file).digest,
        corpus(file, tokenizer="characters").digest,
        corpus(file, test_share=0.2).digest,
        corpus(file, specials=("line",)).digest,
    }
    assert len(digests) == 4


def test_a_validation_file_takes_the_place_of_documents_held_out(file, tmp_path):
    other = tmp_path / "other.txt"
    other.write_text("another text\n" * 9)
    read = corpus(file, val_data=str(other))
    assert (
        text_of(read, "validation").decode().strip() == ("another text\n" * 9).strip()
    )
    assert read.parts["train"].bytes + read.parts["test"].bytes == len(TEXT)


def test_the_plays_are_held_out_by_the_scene():
    read = corpus("shakespeare", block=64)
    sizes = {name: (p.documents, p.bytes) for name, p in read.parts.items()}
    assert sizes == {
        "train": (169, 1_004_575),
        "validation": (7, 62_367),
        "test": (11, 60_292),
    }
    assert read.digest[:16] == "6be91742d65a383a"
    assert text_of(read, "validation").startswith(b"ACT II.\n\nSCENE ")


def test_the_floor_of_the_grammar_is_its_entropy_a_token():
    read = corpus("grammar", block=64)
    rate = data.sentence_rate().nats_per_byte
    assert read.floors == dict.fromkeys(("train", "validation", "test"), rate)
    with_end = corpus("grammar", block=64, specials=(data.END_OF_TEXT,))
    assert 0.999 * rate < with_end.floors["train"] < rate


def test_a_text_of_ones_own_has_a_name():
    register_corpus(
        "mine", lambda: [b"aaaa", b"bbbb", b"cccc"], nats_per_byte=lambda: 0.0
    )
    try:
        assert set(corpus("mine", block=4).floors.values()) == {0.0}
    finally:
        CORPORA.remove("mine")


BAD = {
    "missing": (None, {}, "must be a file, a folder or the name of a corpus"),
    "grammer": (None, {}, "did you mean grammar"),
    "empty.txt": (b"", {}, "must hold some text, but is empty"),
    "blank.txt": (b" \n\n", {}, "must hold some text, but is empty"),
    "abc.txt": (b"abc", {}, "abc.txt must be longer than a block of 8 tokens, got 3"),
    "short.txt": (
        b"aaa<|endoftext|>bbb<|endoftext|>ccc",
        {},
        "the train part of short.txt",
    ),
    "same.txt": (b"aaaa" * 99, {}, "at least 3 different documents"),
    "zero.txt": (b"a\0b\n" * 99, {"tokenizer": "characters"}, "got byte 0x00"),
    "not.txt": (b"a\xffb\n" * 99, {"tokenizer": "bpe"}, "got byte 0xff"),
    "row.jsonl": (b'{"text": "a"}\n{"txt": "b"}', {}, "line 2 of .*row.jsonl must be"),
    "odd.jsonl": (b'{"text": 3}', {}, "TypeError: no text but int"),
    "said.jsonl": (
        b'{"messages": [{"role": "a", "content": null}]}',
        {},
        "but NoneType",
    ),
    "cut.jsonl": (b'{"text": "a', {}, "JSONDecodeError"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_text_is_refused_before_any_work(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    content, knobs, message = BAD[name]
    if content is not None:
        pathlib.Path(name).write_bytes(content)
    cache = tmp_path / "tokens"
    said = refused(lambda: corpus(name, folder=cache, **knobs))
    assert re.search(message, said), said
    assert not cache.exists() or name == "short.txt"


def test_validation_that_is_the_training_text_is_refused(file, tmp_path):
    copy = tmp_path / "copy.txt"
    copy.write_text(TEXT)
    said = refused(lambda: corpus(file, val_data=str(copy)))
    assert "must differ from the training text" in said


def test_an_empty_folder_and_a_pipe_are_refused(tmp_path):
    (tmp_path / "none").mkdir()
    os.mkfifo(tmp_path / "pipe")
    assert "has no files" in refused(lambda: corpus(tmp_path / "none"))
    assert "got a pipe" in refused(lambda: corpus(tmp_path / "pipe"))
