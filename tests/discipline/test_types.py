"""Parameters have types, doors export what their stubs say, ignores have reasons."""

import ast
import importlib
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parents[2]
FILES = sorted((ROOT / "koki2").rglob("*.py"))
DOORS = [path.parent for path in sorted((ROOT / "koki2").rglob("__init__.pyi"))]
IGNORE = re.compile(
    r"#\s*(?:type|pyrefly|pyright|ty)\s*:\s*ignore(?P<rule>\[[\w-]+\])?"
)


def parameters(tree: ast.AST) -> list[ast.arg]:
    """Every parameter of every function, but `self` and those of lambdas."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            its = node.args
            found += [*its.posonlyargs, *its.args, *its.kwonlyargs]
            found += [arg for arg in (its.vararg, its.kwarg) if arg is not None]
    return [arg for arg in found if arg.arg not in ("self", "cls")]


def is_bare(arg: ast.arg) -> bool:
    """Whether it has no annotation, or one that says nothing."""
    return arg.annotation is None or ast.unparse(arg.annotation) in (
        "Any",
        "typing.Any",
    )


def test_what_counts_as_bare():
    tree = ast.parse("def f(self, a, b: Any, c: int, *d, **e: list[Any]): ...")
    assert [arg.arg for arg in parameters(tree) if is_bare(arg)] == ["a", "b", "d"]


def test_fewer_than_one_parameter_in_twenty_is_bare():
    every = {path: parameters(ast.parse(path.read_text())) for path in FILES}
    bare = {
        str(path.relative_to(ROOT)): [arg.arg for arg in args if is_bare(arg)]
        for path, args in every.items()
    }
    count = sum(map(len, every.values()))
    assert count > 2000  # it has looked
    assert sum(map(len, bare.values())) < 0.05 * count, {
        path: names for path, names in bare.items() if names
    }


def test_at_most_twenty_ignores_each_with_its_rule_and_its_reason():
    found = []
    for path in FILES:
        lines = path.read_text().splitlines()
        for number, text in enumerate(lines):
            if match := IGNORE.search(text):
                where = f"{path.relative_to(ROOT)}:{number + 1}"
                before = lines[number - 1].strip()
                reason = "#" in text[match.end() :] or before.startswith("#")
                found.append(where)
                assert match["rule"], f"{where} must name a rule"
                assert reason, f"{where} must say why, there or in the line above"
    assert len(found) <= 20, found


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)
def test_a_door_exports_every_name_of_its_stub(door):
    room = importlib.import_module(".".join(door.relative_to(ROOT).parts))
    names = {
        alias.name
        for node in ast.walk(ast.parse((door / "__init__.pyi").read_text()))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname == alias.name  # or a checker takes it for private
    }
    assert set(room.__all__) == names
    assert all(getattr(room, name) is not None for name in names)


def test_what_is_installed_says_that_it_has_types():
    assert (ROOT / "koki2" / "py.typed").is_file()
