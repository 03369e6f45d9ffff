"""A plan: whether a training is worth beginning, from plain numbers alone.

    tokens = steps * tokens a step        passes = tokens / tokens of the text
    seconds = overhead + tokens * FLOPs a token / FLOP/s of the machine

Nothing is computed and nothing is looked up: the caller says what the model needs and
what the machine has. What cannot be, or would take too long, gives the verdict stop;
what is only unwise gives caution, and a line that says why.

Sources: J. Hoffmann et al., "Training compute-optimal large language models", 2022;
N. Muennighoff et al., "Scaling data-constrained language models", 2023.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from koki2.data.configs import PlanLimits

Number = int | float
_DAY = 86_400.0


class Plan(NamedTuple):
    """What a training comes to, and what is to be said of it."""

    verdict: Literal["go", "caution", "stop"]
    lines: tuple[str, ...]
    """Four to print: tokens, passes, time, memory; each with its remark."""
    reasons: tuple[str, ...]
    """Why to stop, a clause each; none otherwise."""
    tokens: int
    """That are seen in all."""
    tokens_per_parameter: float
    passes: float
    """Over the training text."""
    seconds: Number | None
    """From start to end; None where the machine's rate is not known."""
    bytes: Number
    """Of memory at the peak."""


def plan(
    *,
    parameters: int,
    train_tokens: int,
    tokens_per_step: int,
    steps: int,
    flops_per_token: Number,
    flops_per_second: Number | None,
    memory: Mapping[str, Number],
    memory_there: Number | None,
    overhead_seconds: Number = 0.0,
    limits: PlanLimits = PlanLimits(),
) -> Plan:
    """Weighs a training before its first step.

    Args:
      parameters: of the model.
      train_tokens: of the training part of the text.
      tokens_per_step: batch x block, of all microbatches.
      steps: of the training.
      flops_per_token: of a step, forward and backward; about 6 per parameter.
      flops_per_second: that the machine reaches with this model; None: not known.
      memory: bytes at the peak, by what they are for.
      memory_there: bytes that there are; None: not known.
      overhead_seconds: compilation and evaluations.
      limits: beyond which it is remarked upon, or refused.

    Raises:
      ValueError: a number that must be at least 1 is not.

    Example:
      >>> made = plan(
      ...     parameters=1_000_000, train_tokens=1_000_000, tokens_per_step=1_000,
      ...     steps=2_000, flops_per_token=6e6, flops_per_second=1e10,
      ...     memory={"parameters": 16e6, "activations": 4e6}, memory_there=1e9)
      >>> made.verdict, made.tokens, made.passes, made.seconds
      ('caution', 2000000, 2.0, 1200.0)
      >>> made.lines[2:]
      ('time: about 20 minutes', 'memory: about 20 MB of 1 GB')
    """
    counts = {
        "parameters": parameters,
        "train_tokens": train_tokens,
        "tokens_per_step": tokens_per_step,
        "steps": steps,
    }
    for name, count in counts.items():
        if count < 1:
            raise ValueError(f"{name} must be at least 1, got {count}.")
    tokens = steps * tokens_per_step
    each, passes = tokens / parameters, tokens / train_tokens
    seconds = None
    if flops_per_second is not None:
        seconds = overhead_seconds + tokens * flops_per_token / flops_per_second
    needed = sum(memory.values())

    remarks, reasons = ["", ""], []
    if each < limits.tokens_per_parameter:
        usual = f"{limits.tokens_per_parameter:g}"
        remarks[0] = f"; about {usual} give the least loss at a given cost"
    if passes > limits.passes:
        remarks[1] = f"; from {limits.passes:g} on they teach less than new text"
    if passes > limits.most_passes:
        reasons.append(f"{_plain(passes)} passes would learn the text by heart")
    if seconds is not None and seconds > limits.most_days * _DAY:
        reasons.append(f"it would take about {_duration(seconds)}")
    if memory_there is not None and needed > memory_there:
        most = max(memory, key=lambda name: memory[name])
        reasons.append(
            f"it would take about {_si(needed, 'B')} of memory, "
            f"{_si(memory[most], 'B')} of it for {most}, and there are "
            f"{_si(memory_there, 'B')}"
        )
    verdict = "stop" if reasons else "caution" if any(remarks) else "go"
    there = "" if memory_there is None else f" of {_si(memory_there, 'B')}"
    time = "not known" if seconds is None else f"about {_duration(seconds)}"
    lines = (
        f"tokens: {_si(tokens)} in {steps:,} steps, {_plain(each)} a "
        f"parameter{remarks[0]}",
        f"passes: {_plain(passes)} over {_si(train_tokens)} tokens{remarks[1]}",
        f"time: {time}",
        f"memory: about {_si(needed, 'B')}{there}",
    )
    return Plan(
        verdict=verdict,
        lines=lines,
        reasons=tuple(reasons),
        tokens=tokens,
        tokens_per_parameter=each,
        passes=passes,
        seconds=seconds,
        bytes=needed,
    )


def _plain(value: Number) -> str:
    """A number in three digits, or in whole thousands."""
    return f"{value:,.0f}" if value >= 999.5 else f"{value:.3g}"


def _si(value: Number, unit: str = "") -> str:
    """A number in three digits, with the prefix of its unit."""
    for prefix in ("", "k", "M", "G", "T"):
        if value < 999.5:
            return f"{_plain(value)} {prefix}{unit}".rstrip()
        value /= 1000
    return f"{_plain(value)} P{unit}"


def _duration(seconds: Number) -> str:
    """A time in the unit that suits it."""
    for name, size in (("days", _DAY), ("hours", 3600.0), ("minutes", 60.0)):
        if seconds >= 2 * size:
            return f"{_plain(seconds / size)} {name}"
    return f"{_plain(seconds)} seconds"
