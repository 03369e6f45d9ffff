"""The spelling of symbio settings in JSON: batchStep there, batch_step here."""

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from koki2.control.configs import SymbioConfig

_NAMES = {field.name for field in dataclasses.fields(SymbioConfig)}
_CAPITALS = re.compile(r"_([a-z])")


def camel(name: str) -> str:
    """A name as seed 003 spells it.

    Example:
      >>> camel("batch_step"), camel("track_mi_profiles")
      ('batchStep', 'trackMIProfiles')
    """
    spelt = _CAPITALS.sub(lambda match: match[1].upper(), name)
    return spelt.replace("trackMi", "trackMI")


_SNAKE = {camel(name): name for name in _NAMES}


def snake_keys(values: Mapping[str, Any]) -> dict[str, Any]:
    """Settings under their names here; they may come spelt either way.

    Args:
      values: as read; keys that are unknown are left as they are.

    Raises:
      ValueError: a setting that stands there in both spellings.

    Example:
      >>> snake_keys({"batchStep": 4, "batch_min": 8, "batchSize": 2})
      {'batch_step': 4, 'batch_min': 8, 'batchSize': 2}
    """
    twice = [key for key in values if _SNAKE.get(key, key) != key]
    twice = [key for key in twice if _SNAKE[key] in values]
    if twice:
        pairs = ", ".join(f"{key} and {_SNAKE[key]}" for key in twice)
        raise ValueError(f"a setting must have one spelling, got {pairs}.")
    return {_SNAKE.get(key, key): value for key, value in values.items()}


def symbio_json(config: SymbioConfig) -> dict[str, Any]:
    """Settings as seed 003 spells them, in plain values.

    Example:
      >>> symbio_json(SymbioConfig())["miNumBins"]
      30
    """
    return {camel(name): value for name, value in dataclasses.asdict(config).items()}
