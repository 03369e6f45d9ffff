"""`main`: finds the command, gives it its options, turns what goes wrong into a code.

    0    done, or nothing left to do
    1    the machine refused (disk full, no permission); or replay found a difference
    2    bad input: flags, files, a run that is being written by another
    3    what lies on disk is not what koki2 wrote there
    4    a search diverged: its centre is not finite; its last good state is kept
    130, 143    stopped by SIGINT, SIGTERM; a run stands at its newest checkpoint

Anything else that is raised is a bug, and keeps its traceback.
"""

import contextlib
import difflib
import os
import sys
from collections.abc import Sequence

from koki2 import runlog
from koki2.cli.commands import Command, COMMANDS
from koki2.core.program import DivergedError
from koki2.session import signals, startup

_BEFORE = "--jax-"  # what may stand before the command
_WITH_VALUE = ("--jax-cache-dir", "--jax-transfer-guard")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one koki2 command line and returns its exit code.

    Args:
      argv: the words after `koki2`; None takes those of this process, which then is
        koki2's own and may be started afresh with other XLA flags.
    """
    name = "koki2"
    try:
        call = startup.begin(argv)
        if not call.argv or call.argv[0] in ("-h", "--help", "help"):
            print(_overview(), file=sys.stdout if call.argv else sys.stderr)
            return 0 if call.argv else 2
        if call.argv[0] == "--version":
            import importlib.metadata  # slow, and seldom wanted

            print(f"koki2 {importlib.metadata.version('koki2')}")
            return 0
        command, words = _split(call.argv)
        name = f"koki2 {command.name}"
        return _run(command, words)
    except SystemExit as end:  # tyro's: 0 after help, 2 after an error
        return end.code if isinstance(end.code, int) else 0
    except runlog.InputError as error:
        return _fail(name, error, 2)
    except runlog.BrokenRunError as error:
        return _fail(name, error, 3)
    except DivergedError as error:
        return _fail(name, error, 4)
    except KeyboardInterrupt:
        return _fail(name, "interrupted", 130)
    except BrokenPipeError:  # the reader of our output has gone
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        return _fail(name, error, 1)
    except RuntimeError as error:
        if "Unable to initialize backend" in str(error):  # no such device here
            return _fail(name, error, 1)
        raise


def _run(command: Command, words: list[str]) -> int:
    from koki2.cli import flags, output

    module = command.load()
    parsed = flags.parse(command, module.Options, words)
    if parsed.layers.print_config:
        output.print_settings(parsed.options.settings, parsed.options.json)
        return 0
    if command.uses_jax:
        startup.prepare(parsed.xla, parsed.jax)
    with signals.ending_at_once():
        return module.run(parsed.options)


def _split(argv: Sequence[str]) -> tuple[Command, list[str]]:
    """The command, and all words but that; --jax-* flags may stand before it."""
    at = 0
    while at < len(argv) and argv[at].replace("_", "-").startswith((_BEFORE, "--no-")):
        at += 2 if argv[at].replace("_", "-") in _WITH_VALUE else 1
    word = argv[at] if at < len(argv) else ""
    if word in COMMANDS:
        return COMMANDS[word], [*argv[:at], *argv[at + 1 :]]
    near = difflib.get_close_matches(word, COMMANDS, n=2, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else "koki2 --help lists them."
    if word.startswith("-"):
        hint = "a command's flags stand behind it."
    raise runlog.InputError(
        f"the command must be one of {', '.join(COMMANDS)}, got {word[:60]!r}; {hint}"
    )


def _overview() -> str:
    width = max(map(len, COMMANDS))
    lines = [
        "usage: koki2 COMMAND ...",
        "",
        "Evolve small spiking agents; every run replays bit for bit.",
        "",
    ]
    for command in COMMANDS.values():
        lines.append(f"  {command.name:<{width}}  {command.summary}")
        lines.append(f"  {'':<{width}}    koki2 {command.name} {command.example}")
    return "\n".join([*lines, "", "koki2 COMMAND --help explains its flags."])


def _fail(name: str, error: object, code: int) -> int:
    notes = getattr(error, "__notes__", [])
    print("\n".join([f"{name}: {error}", *notes]), file=sys.stderr)
    return code
