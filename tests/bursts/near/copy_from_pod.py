"""Stands in for rsync: copies from the folder of a fake pod, and knows no more than
the options that a burst gives it. Ends with 23 where a source is not there, as it does.
"""

import os
import pathlib
import shlex
import shutil
import subprocess
import sys

KNOWN = {
    *("--recursive", "--links", "--safe-links", "--perms", "--times", "--relative"),
    *("--protect-args", "--timeout=60"),
}


def main(words: list[str]) -> int:
    paths, ssh = [], []
    while words:
        word = words.pop(0)
        if word == "-e":
            ssh = shlex.split(words.pop(0))
        elif word.startswith("-"):
            assert word in KNOWN, word
        else:
            paths.append(word)
    *sources, into = paths
    host = sources[0].partition(":")[0]
    done = subprocess.run([*ssh, host, "pwd"], capture_output=True, text=True)
    if done.returncode:
        return done.returncode
    home, is_whole = pathlib.Path(done.stdout.strip()), True
    for source in sources:
        assert source.startswith(f"{host}:") and into.endswith("/")
        root, _, inside = source.partition(":")[2].partition("/./")
        start = home / root / inside
        for file in sorted([start, *start.rglob("*")]):
            if file.is_file():
                copy(file, pathlib.Path(into, file.relative_to(home / root)))
            is_whole &= file.exists()
    return 0 if is_whole else 23


def copy(file: pathlib.Path, where: pathlib.Path) -> None:
    where.parent.mkdir(parents=True, exist_ok=True)
    part = where.with_name(f".{where.name}.part")
    shutil.copy2(file, part)
    os.replace(part, where)
    if os.environ.get("FAKE_DAMAGE") == file.name:
        where.write_bytes(b"damaged")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
