"""An episode to a GIF: what `koki2 watch` and `koki2 replay-life` share."""

import dataclasses
import pathlib
from collections.abc import Mapping
from typing import Annotated, Any

from annotated_types import Ge, Le

from koki2 import pictures
from koki2.cli import output
from koki2.cli.arguments import Json
from koki2.session.printing import printable


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """Which episode, and how it is shown."""

    episode: Annotated[int, Ge(0), Le(1_000_000)] = 0
    """Which of these episodes."""
    fps: Annotated[float, Ge(1), Le(50)] = 12.0
    """Steps per second."""
    steps_max: Annotated[int, Ge(1)] | None = None
    """Show only the first so many steps; none is the whole episode."""
    json: Json = False


def film(
    life: Mapping[str, Any],
    options: Options,
    out: pathlib.Path,
    *,
    who: str,
    title: str,
) -> None:
    """Writes the GIF and says how the episode ended."""
    drawn = pictures.life_film(life, title=title, steps_max=options.steps_max)
    frames = pictures.save_gif(drawn, out, fps=options.fps)
    facts = {"out": str(out), "who": who, "frames": frames} | pictures.life_facts(life)
    output.show(facts, options.json, f"{facts['ending']}\nwrote {printable(out)}")
