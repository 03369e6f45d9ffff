"""Settings of the symbio mode (seed 003 section 7). Imports no JAX."""

import dataclasses
import types
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Le, MinLen

from koki2.core.configs import check, ReadWhen
from koki2.measures.configs import ChangePointConfig
from koki2.models.activation_catalogue import ACTIVATIONS

_ADAPTIVE = ReadWhen("adaptive_batch", is_one_of=(True,))
_SEARCHES = ReadWhen("search_mode", is_none_of=("none",))
_EVOLVES = ReadWhen("search_strategy", is_one_of=("evolutionary",))
_TOURNAMENT = ReadWhen("selection_strategy", is_one_of=("tournament",))
_Count = Annotated[int, Ge(1), Le(1_000_000)]
_Weight = Annotated[float, Ge(0)]
_Switch = Literal["on", "off"]

SYMBIO_PRESET: Mapping[str, Mapping[str, Any]] = types.MappingProxyType(
    {
        "model": {"ffn_activation": "swiglu", "ffn_dim": "rule"},
        "training": {
            "lr": 5e-5,
            "grad_clip": 5.0,
            "warmup_iters": 500,
            "spike_threshold": 10.0,
        },
    }
)
"""What the symbio mode changes of model and training (tables 7.1 and 7.2)."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class SymbioConfig:
    """The symbio mode: monitors, measures, adaptive batch, activation search. Static.

    Names and defaults are those of seed 003 7.3, but for the monitors' (see
    `ChangePointConfig`) and for fields that it lacks.
    """

    cusum_sensitivity: Annotated[float, Gt(0)] = 8.0
    """Threshold of the monitors, in sigma; the seed's is 4."""
    cusum_baseline_window: Annotated[int, Ge(2), Le(1_000_000)] = 50
    """Steps of a monitor's baseline; the seed's is 10."""
    cusum_slack: Annotated[float, Ge(0)] = 0.75
    """Sigma that a step is forgiven; the seed has none."""
    cusum_sides: Literal["both", "upper"] = "both"
    """Sides that are watched; the seed watches the upper one."""
    cusum_rebase: _Switch = "on"
    """Whether a change begins a new baseline; the seed keeps the first."""
    cusum_whiten: _Switch = "on"
    """Whether trend, memory and outliers are taken out; the seed leaves them in."""

    metrics_interval: _Count = 50
    """Steps between measures that cost more."""
    track_weight_entropy: bool = True
    """Whether the entropy of weights is measured."""
    track_effective_rank: bool = True
    """Whether ranks of matrices are measured."""
    track_free_energy: bool = True
    """Whether the free energy is measured."""
    track_mi_profiles: bool = False
    """Whether mutual information is estimated, which is dear."""
    track_population_metrics: bool = True
    """Whether the entropy of recent losses and activations are measured."""
    free_energy_beta: Annotated[
        float, Ge(0), ReadWhen("track_free_energy", is_one_of=(True,))
    ] = 0.01
    """What a bit of weight entropy adds to the free energy."""
    mi_num_bins: Annotated[
        int, Ge(2), Le(1024), ReadWhen("track_mi_profiles", is_one_of=(True,))
    ] = 30
    """Bins of a neuron's outputs."""

    adaptive_batch: bool = True
    """Whether alerts change the batch."""
    batch_min: Annotated[int, Ge(1), Le(1_000_000), _ADAPTIVE] = 8
    """Least batch, unless the first one is less."""
    batch_max: Annotated[int, Ge(1), Le(1_000_000), _ADAPTIVE] = 64
    """Largest batch, unless the first one is larger."""
    batch_step: Annotated[int, Ge(1), Le(1_000_000), _ADAPTIVE] = 4
    """By how much it changes at once."""
    calm_steps_before_restore: Annotated[int, Ge(1), Le(1_000_000), _ADAPTIVE] = 200
    """Steps without an alert before it goes back towards the first one."""
    batch_follows_clock: bool = False
    """Whether throughput steers, too: then rows follow the clock."""

    fitness_alpha: _Weight = 1.0
    """Weight of the validation loss in fitness."""
    complexity_mode: Literal["params", "entropy", "mdl"] = "entropy"
    """How complexity is scored."""
    complexity_weight: _Weight = 0.0
    """Weight of complexity in fitness; the seed has no name for it."""
    diversity_bonus: _Weight = 0.0
    """Fitness of an activation that its generation has not had."""
    diversity_decay: Annotated[
        Literal["none", "linear", "cosine"],
        ReadWhen("diversity_bonus", is_none_of=(0.0,)),
    ] = "none"
    """How that bonus falls over generations."""

    search_mode: Literal["ffn-activation-search", "none"] = "ffn-activation-search"
    """Whether activations are searched for, after the main run."""
    activation_pool: Annotated[tuple[str, ...], MinLen(1), _SEARCHES] = (
        "gelu",
        "relu",
        "silu",
        "swiglu",
    )
    """Activations that are searched among."""
    search_strategy: Annotated[Literal["evolutionary", "exhaustive"], _SEARCHES] = (
        "evolutionary"
    )
    """evolutionary: parents and their variants. exhaustive: each of the pool."""
    population_size: Annotated[int, Ge(1), Le(10_000), _SEARCHES] = 6
    """Candidates of a generation."""
    generations: Annotated[int, Ge(1), Le(10_000), _SEARCHES] = 4
    """Generations of the search."""
    selection_strategy: Annotated[Literal["topk", "tournament"], _EVOLVES] = "topk"
    """How parents are chosen."""
    tournament_k: Annotated[int, Ge(1), Le(10_000), _TOURNAMENT] = 3
    """Candidates that a parent is the best of."""
    mutation_rate: Annotated[float, Ge(0), Le(1), _EVOLVES] = 0.25
    """Probability that a child has another activation than its parent."""
    steps_per_candidate: Annotated[
        Annotated[int, Ge(1), Le(1_000_000_000)] | None, _SEARCHES
    ] = None
    """Steps that a candidate is trained; none: 1000, or those of the main run if they
    are fewer."""
    rank_by: Annotated[Literal["valLoss", "fitness"], _SEARCHES] = "valLoss"
    """What candidates are ranked by."""
    perf_weight: _Weight = 0.0
    """Weight of throughput in fitness."""
    stability_weight: _Weight = 0.0
    """Weight of instability in fitness."""

    write_report: bool = True
    """Whether symbio-report.md is written."""
    write_candidates: bool = True
    """Whether symbio-candidates.jsonl is written."""
    write_summary: bool = True
    """Whether symbio-summary.json is written."""

    def __post_init__(self) -> None:
        check(self)
        _ = self.change_point
        for name in self.activation_pool:
            ACTIVATIONS.find(name)
        if not self.activation_pool:
            raise ValueError("activation_pool must have an activation, got none.")
        if self.batch_min > self.batch_max:
            raise ValueError(
                "batch_min must be at most batch_max, got "
                f"{self.batch_min} > {self.batch_max}."
            )
        if self.steps_per_candidate is not None and self.steps_per_candidate < 1:
            raise ValueError(
                f"steps_per_candidate must be >= 1, got {self.steps_per_candidate}."
            )

    @property
    def change_point(self) -> ChangePointConfig:
        """The settings of the monitors.

        Example:
          >>> SymbioConfig().change_point == ChangePointConfig()
          True
        """
        return ChangePointConfig(
            slack=self.cusum_slack,
            threshold=self.cusum_sensitivity,
            window=self.cusum_baseline_window,
            sides=self.cusum_sides,
            rebase=self.cusum_rebase == "on",
            whiten=self.cusum_whiten == "on",
        )

    def candidate_steps(self, iters: int) -> int:
        """Steps that a candidate is trained, beside a main run of some steps.

        Example:
          >>> SymbioConfig().candidate_steps(100)
          100
          >>> SymbioConfig(steps_per_candidate=20).candidate_steps(100)
          20
        """
        given = self.steps_per_candidate
        return min(1000, iters) if given is None else given
