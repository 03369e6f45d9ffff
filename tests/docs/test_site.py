"""The site builds, and its pages load nothing from elsewhere."""

import os
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[2]
LOADED = re.compile(
    r"<(?:script|img|iframe|source)[^>]*\ssrc=[\"']?(?:https?:)?//"
    r"|<link[^>]*\shref=[\"']?(?:https?:)?//"
    r"|(?:url\(|@import\s*)[\"']?(?:https?:)?//"
)


@pytest.mark.parametrize(
    "text",
    [
        '<script src="https://unpkg.com/x.js"></script>',
        '<link rel="stylesheet" href="//fonts.example/css">',
        "body { background: url(http://example.org/a.png) }",
    ],
)
def test_what_is_loaded_from_elsewhere_is_seen(text):
    assert LOADED.search(text)
    assert not LOADED.search('<a href="https://example.org">a link may point there</a>')


@pytest.mark.slow
def test_the_pages_load_nothing_from_elsewhere(tmp_path):
    words = [sys.executable, "-m", "mkdocs", "build", "--strict"]
    quiet = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    built = subprocess.run(
        [*words, "--site-dir", str(tmp_path)],
        cwd=ROOT,
        env=quiet,
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr[-2000:]
    pages = [*tmp_path.rglob("*.html"), *tmp_path.rglob("*.css")]
    assert len(pages) > 40
    for page in pages:
        found = LOADED.search(page.read_text(encoding="utf-8"))
        assert found is None, f"{page.name}: {found[0]}"
