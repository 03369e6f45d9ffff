"""Presets: settings that belong together, by name.

Grouped like the config of the kind of run; what a preset leaves out keeps its default,
and files and flags overrule it.
"""

import types
from collections.abc import Iterator, Mapping
from typing import Any

CHAT_TOKENS = ("<|system|>", "<|user|>", "<|assistant|>", "<|endoftext|>")
"""Those of `koki2.data`, which would cost NumPy."""
_HAZARDS = {"num_sources": 4, "num_bad_sources": 2, "bad_source_integrity_loss": 0.25}
_VANISHING = {"deplete_sources": True, "respawn_delay": 4, "grad_dropout_p": 0.5}
_BUDGET = {"search": {"pop_size": 128}, "loop": {"generations": 200, "episodes": 8}}

PRESETS: Mapping[str, dict[str, dict[str, Any]]] = types.MappingProxyType(
    {
        # Seconds, compilation included: does anything work at all?
        "smoke": {"loop": {"generations": 5}},
        # Good and bad food that smell alike: the acceptance budget of seed 002.
        "l0-hazards": {"env": _HAZARDS, **_BUDGET},
        # The control: the gradient points at good food only.
        "l0-good-cue": {"env": _HAZARDS | {"good_only_gradient": True}, **_BUDGET},
        # Food vanishes and comes back elsewhere, and the gradient comes and goes.
        "l1-hazards": {"env": _HAZARDS | _VANISHING, **_BUDGET},
        # The same for agents whose weights move within a life.
        "l1-plastic": {
            "env": _HAZARDS | _VANISHING,
            "agent": {"plast_enabled": True, "plast_eta": 0.05},
            **_BUDGET,
        },
    }
)
"""Every preset of evolution and its like, by name."""

TRAINING: Mapping[str, dict[str, dict[str, Any]]] = types.MappingProxyType(
    {
        # Seconds, compilation included: does anything work at all?
        "tiny": {
            "model": {"layers": 2, "heads": 2, "dim": 32, "block": 32},
            "optimizer": {"lr": 1e-2},
            "training": {"iters": 100, "batch": 8, "metrics_interval": 10},
            "evaluation": {"eval_interval": 50, "eval_iters": 4, "sample_tokens": 64},
        },
        # nanoGPT's recipe for processors: 2000 steps of 0.8 M parameters.
        "char": {
            "tokenizer": {"tokenizer": "characters"},
            "model": {"layers": 4, "heads": 4, "dim": 128, "block": 64},
            "optimizer": {"lr": 1e-3, "min_lr": 1e-4, "warmup_iters": 100}
            | {"beta2": 0.99},
            "training": {"iters": 2000, "batch": 12},
            "evaluation": {"eval_interval": 250, "eval_iters": 20},
        },
        # nanoGPT's recipe for one GPU: 10 M parameters.
        "small": {
            "model": {"layers": 6, "heads": 6, "dim": 384, "block": 256}
            | {"dropout": 0.2},
            "optimizer": {"lr": 1e-3, "min_lr": 1e-4, "warmup_iters": 100}
            | {"beta2": 0.99},
            "training": {"iters": 5000, "batch": 64},
            "evaluation": {"eval_interval": 250, "eval_iters": 50},
        },
    }
)
"""Every preset of training, by name."""

DOMAINS: Mapping[str, dict[str, dict[str, Any]]] = types.MappingProxyType(
    {
        "text": {},  # bytes: any file
        "chars": {"tokenizer": {"tokenizer": "characters"}},
        "chat": {"tokenizer": {"specials": CHAT_TOKENS}},
    }
)
"""What a text is like: settings below those of a preset."""

_BY_KIND = {"train": {"domain": DOMAINS, "preset": TRAINING}}


def chosen(kind: str, layers: object) -> Iterator[tuple[str, dict[str, dict]]]:
    """Yields the presets that layers of settings name: their origin, and values.

    Args:
      kind: the name of the kind of run.
      layers: `settings.Layers`, or those of the kind.
    """
    for field, table in _BY_KIND.get(kind, {"preset": PRESETS}).items():
        name = getattr(layers, field)
        if name in table:
            yield f"{field}:{name}", table[name]
