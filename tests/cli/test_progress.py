"""Progress, as a terminal of 40 columns shows it, and as lines elsewhere."""

import fcntl
import os
import pathlib
import pty
import re
import signal
import struct
import subprocess
import sys
import termios

HERE = pathlib.Path(__file__).parent
CODE = """
import sys
import fake_evolution
from koki2.cli import main
fake_evolution.install(setattr)
sys.exit(main())
"""
WORDS = "evo-l0 --generations 20 --checkpoint-every 2 --out-dir run"


def screen(text):
    """The lines that a terminal is left with."""
    lines = [""]
    for part in re.findall(
        r"\x1b\[2K|\x1b\[\??[\d;]*[a-zA-Z]|\r|\n|[^\x1b\r\n]+", text
    ):
        if part == "\n":
            lines.append("")
        elif part == "\x1b[2K":
            lines[-1] = ""
        elif part != "\r" and not part.startswith("\x1b"):
            lines[-1] += part
    return lines


def run_in_terminal(folder, columns, interrupt_at):
    """Runs the fake on a terminal, and interrupts it once it shows a text."""
    terminal, end = pty.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    path = f"{HERE.parents[1]}{os.pathsep}{HERE}"
    kept = {n: v for n, v in os.environ.items() if n not in ("COLUMNS", "NO_COLOR")}
    process = subprocess.Popen(
        [sys.executable, "-c", CODE, *WORDS.split()],
        env=kept | {"PYTHONPATH": path, "FAKE_PAUSE": "0.3", "TERM": "xterm"},
        cwd=folder,
        stdin=end,
        stdout=end,
        stderr=end,
    )
    os.close(end)
    shown, is_interrupted = b"", False
    while True:
        try:
            data = os.read(terminal, 2**16)
        except OSError:  # Linux: the other end has closed
            data = b""
        if not data:
            break
        shown += data
        if not is_interrupted and interrupt_at.encode() in shown:
            os.write(terminal, b"^C")  # as the terminal itself shows it
            process.send_signal(signal.SIGINT)
            is_interrupted = True
    os.close(terminal)
    return process.wait(), shown.decode()


def test_a_narrow_terminal_has_one_bar_also_after_ctrl_c(tmp_path):
    code, shown = run_in_terminal(tmp_path, 40, "2/20")
    assert code == 130
    assert re.search(r"compiling +.*0/20.* .*0:00:0\d", shown), "time runs"
    lines = screen(shown)
    bars = [line for line in lines if re.search(r"\d+/20", line)]
    assert len(bars) == 1, lines
    assert max(map(len, bars)) <= 40 and "best_fitness" in bars[0]
    assert sum("stopping within seconds" in line for line in lines) == 1
    assert any(line.startswith("next: koki2 resume run") for line in lines)


def test_the_first_rate_is_without_the_time_of_compiling(koki2, fake):
    said = koki2(f"{WORDS} --log-every 2").err.splitlines()
    rates = ["env-steps/s" in line for line in said if line.startswith("generation")]
    assert rates == [False] + 9 * [True]
