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
import errno
import os
import sys
from collections.abc import Sequence

from koki2 import runlog
from koki2.cli.commands import Command, COMMANDS
from koki2.core.program import DivergedError
from koki2.session import printing, processes, signals, startup

_BEFORE = "--jax-"  # what may stand before the command
_WITH_VALUE = ("--jax-cache-dir", "--jax-transfer-guard")
_NO_PATH = (errno.ENAMETOOLONG, errno.EILSEQ, errno.ELOOP)  # as it was given


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one koki2 command line and returns its exit code.

    Args:
      argv: the words after `koki2`; None takes those of this process, which then is
        koki2's own and may be started afresh with other XLA flags.
    """
    with processes.leaving():
        return processes.leave(_answer(argv))


def _answer(argv: Sequence[str] | None) -> int:
    """The exit code of a command line, of which all is done and said."""
    name = "koki2"
    try:
        printing.open_streams()
        call = startup.begin(argv)
        words = _help_in_front(call.argv)
        if not words or words[0] in ("-h", "--help", "--help-all", "help"):
            printing.say(_overview(), error=not words)
            return 0 if words else 2
        if words[0] == "--version":
            import importlib.metadata  # slow, and seldom needed

            printing.say(f"koki2 {importlib.metadata.version('koki2')}")
            return 0
        if any("\0" in word for word in words):
            raise runlog.InputError("words must have no NUL in them, got one.")
        command, words = _split(words)
        name = f"koki2 {command.name}"
        code = _run(command, words)
        sys.stdout.flush()  # or a full disk would show once nothing can be said
        return code
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
        return _fail(name, error, 2 if error.errno in _NO_PATH else 1)
    except RuntimeError as error:
        if "Unable to initialize backend" in str(error):  # no such device here
            return _fail(name, error, 1)
        raise


def _help_in_front(argv: Sequence[str]) -> Sequence[str]:
    """`koki2 help evo WORLD` is `koki2 evo WORLD --help`."""
    return [*argv[1:], "--help"] if argv[:1] == ["help"] and argv[1:] else argv


def _run(command: Command, words: list[str]) -> int:
    from koki2.cli import flags, output

    module = command.load()
    parsed = flags.parse(command, module.Options, words)
    settings = getattr(parsed.options, "settings", None)
    for note in settings.notes if settings else ():
        output.note(command.name, note)
    if parsed.layers.print_config:
        output.print_settings(parsed.options.settings, parsed.options.json)
        return 0
    if command.uses_jax:
        startup.prepare(parsed.xla, parsed.jax)
    processes.asked.set(parsed.processes)
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
    return "\n".join([*lines, "", "koki2 help COMMAND explains its flags."])


def _fail(name: str, error: object, code: int) -> int:
    """Says what went wrong; only its first line begins where ours do."""
    first, *more = str(error).split("\n")
    more = [line if line.startswith("  ") else f"  {line}" for line in more]
    notes = getattr(error, "__notes__", [])
    printing.say("\n".join([f"{name}: {first}", *more, *notes]), error=True)
    return code
