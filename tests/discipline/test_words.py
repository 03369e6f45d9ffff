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
