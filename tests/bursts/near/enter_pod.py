"""The other half of the ssh stand-in: checks the key, and becomes the command."""

import os
import pathlib
import sys


def lost(host: str, why: str) -> None:
    print(f"ssh: connect to {host}: {why}", file=sys.stderr)
    sys.exit(255)


def main(port: str, key: str, host: str, command: str) -> None:
    home = pathlib.Path(os.environ["FAKE_PODS"], f"port{port}")
    if not home.exists():
        lost(host, "Connection refused")
    lines = (home / ".container").read_text().split("\0")
    variables = dict(line.split("=", 1) for line in lines)
    try:
        stat = pathlib.Path("/proc", variables["POD_PROCESS"], "stat").read_text()
    except OSError:
        stat = "0 (gone) Z"
    if stat.rpartition(")")[2].split()[0] == "Z":
        lost(host, "Connection refused")
    if variables["PUBLIC_KEY"] != pathlib.Path(f"{key}.pub").read_text().strip():
        lost(host, "Permission denied (publickey)")
    image, python = os.environ["FAKE_IMAGE"], os.environ["FAKE_PYTHON"]
    variables |= {"PATH": f"{image}:/usr/bin:/bin", "FAKE_PYTHON": python}
    for name in ("JAX_COMPILATION_CACHE_DIR", "XLA_FLAGS"):  # for the test's speed
        if name in os.environ:
            variables[name] = os.environ[name]
    os.chdir(home)
    os.execve("/bin/sh", ["sh", "-c", command], variables)


if __name__ == "__main__":
    main(*sys.argv[1:])
