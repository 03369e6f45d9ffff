"""Registries: names found, names refused, and what installed packages offer."""

import pytest

from koki2.core.registry import Registry


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A package that offers three things in the group example.things."""
    (tmp_path / "offer.py").write_text("seven = 7\nword = 'seven'\n")
    info = tmp_path / "offer-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: offer\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[example.things]\nseven = offer:seven\nword = offer:word\ntwo = offer:none\n"
    )
    monkeypatch.syspath_prepend(tmp_path)


def things(accept=None):
    registry = Registry("thing", "example.things", accept)
    registry.register("two", 2)
    return registry


def test_what_an_installed_package_offers_is_found_by_its_name(installed):
    registry = things()
    assert registry.find("seven") == 7 and list(registry) == ["two", "seven"]


def test_what_is_registered_comes_before_what_is_offered(installed):
    assert things().find("two") == 2


def test_what_cannot_be_accepted_is_not_entered(installed):
    def accept(name, thing):
        if not isinstance(thing, int):
            raise ValueError(f"{name} must be an integer, got {thing!r}.")
        return thing

    registry = things(accept)
    with pytest.raises(ValueError, match="word must be an integer, got 'seven'"):
        registry.find("word")
    assert registry.find("seven") == 7 and "word" not in registry


@pytest.mark.parametrize(
    "name, hint",
    [
        ("tow", r"did you mean two\?"),
        ("Seven", r"did you mean seven\?"),
        ("qqqqqq", r"there are two, seven, word\."),
    ],
)
def test_a_name_that_is_not_there_is_answered_with_the_nearest(installed, name, hint):
    with pytest.raises(ValueError, match=f"there is no thing '{name}'; {hint}"):
        things().find(name)


def test_a_name_is_taken_once_unless_it_is_to_be_replaced():
    registry = things()
    with pytest.raises(ValueError, match="'two' is registered already"):
        registry.register("two", 3)
    registry.register("two", 3, replace=True)
    assert registry.find("two") == 3
    registry.remove("two")
    assert len(registry) == 0


def test_a_name_that_says_itself_what_it_is_need_not_be_registered(installed):
    derive = lambda name: int(name) if name.isdigit() else None
    registry = Registry("thing", "example.things", derive=derive)
    registry.register("two", 2)
    assert registry.find("12") == 12 and registry.find("seven") == 7
    assert "12" not in registry
    with pytest.raises(ValueError, match="there is no thing 'tow'; did you mean two"):
        registry.find("tow")
