"""Plain words: none of those in which our prose was a dialect of its own."""

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parents[2]
PLACES = ("koki2", "docs", "tests", "tools", "experiments", ".ci")
ENDINGS = {".py", ".pyi", ".md", ".sh", ".toml", ".yml", ""}
WORDS = re.compile(
    r"\b(wants?|lest|nobody|whoever|none such|dice|luck|luckier|so far as)\b", re.I
)
NAMES = re.compile(  # replaced by the field's own, each by a name of its own
    r"\b(Tally|Lifetime|world_birth|sees_truth|Revealed|Consequence|_climb|wants_world)\b"
)
EPISODES = re.compile(  # what one of them is called in help, messages, plots and docs
    r"\b(unseen|held-out|proxy|short|full) (life|lives)\b|\bsame lives\b"
    r"|(?<!in )\bwhich lives\b|\b(in|of) \d+ (life|lives)\b|\blives per genome\b",
    re.I,
)


def texts() -> list[pathlib.Path]:
    """The files people read: all but this one, caches and what runs left."""
    found = [path for path in ROOT.iterdir() if path.suffix in ENDINGS - {""}]
    found.append(ROOT / "Makefile")
    for place in PLACES:
        found += (ROOT / place).rglob("*")
    return [
        path
        for path in found
        if path.is_file()
        and path.suffix in ENDINGS
        and path != pathlib.Path(__file__)
        and not {"__pycache__", "fixtures", "golden"} & set(path.parts)
    ]


@pytest.mark.parametrize("banned", [WORDS, NAMES], ids=["words", "names"])
def test_no_text_has_a_banned_word(banned):
    read = texts()
    assert len(read) > 300  # it has looked
    found = [
        f"{path.relative_to(ROOT)}:{number}: {match[0]}"
        for path in read
        for number, line in enumerate(path.read_text().splitlines(), 1)
        for match in banned.finditer(
            line.replace("_", " ") if banned is WORDS else line
        )
    ]
    assert not found, "\n".join(found)


def test_banned_words_are_found_also_within_names():
    assert WORDS.search("test_a_name_nobody_has".replace("_", " "))[0] == "nobody"
    assert not WORDS.search("wanted, unwanted, dicey, lucky")
    assert NAMES.search("class Tally:") and not NAMES.search("'lifetime'")


def test_what_an_agent_is_judged_on_is_an_episode():
    others = {"tests", "experiments"}  # code of tests, and reports of what once was run
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in texts()
        if path.relative_to(ROOT).parts[0] not in others
        for match in EPISODES.finditer(path.read_text())
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "text, is_found",
    [
        ("512 unseen lives, seed 0", True),
        ("Which lives.", True),
        ("learning within a life; koki2 replay-life; --lives same", False),
    ],
)
def test_a_life_is_an_episode_where_it_is_one_of_many(text, is_found):
    assert bool(EPISODES.search(text)) == is_found
