"""E004: how much nursing is best? Doses of all factors together, under the MVT.

Every dose is judged on the same adult lives. Question and plan stand in README.md
beside this file.

    python -m experiments.e004_nursing [--smoke] [--report]
"""

import pathlib

from experiments import lab, page
from koki2.envs.registry import find
from koki2.evolution.configs import (
    EvolutionConfig,
    LoopConfig,
    NursingConfig,
    ViabilityConfig,
)
from koki2.search.configs import SearchConfig

WORLD = "obstacles-l1.2"
DOSES = {"none": 0.0, "weak": 0.25, "middle": 0.5, "strong": 1.0}
MVT = ViabilityConfig(mvt=True, mvt_steps=64, mvt_min_alive_steps=42)  # one meal


def nursed(dose: float) -> NursingConfig:
    """All factors at birth, from an adult's (0) to as gentle as they go (1)."""
    return NursingConfig(
        nurse_metabolism=1 - 0.8 * dose,
        nurse_buffer=0.5 * dose,
        nurse_richness=1 + dose,
        nurse_hazard=1 - dose,
        nurse_motor=1 - 0.3 * dose,
        nurse_plasticity=1 + dose,
        nurse_sense_gain=1 + dose,
    )


def study() -> lab.Study:
    """An arm per dose."""
    loop = LoopConfig(generations=200, episodes=8)
    arms = {
        f"nursing/{name}": EvolutionConfig(
            env=find(WORLD).config,
            search=SearchConfig(pop_size=128),
            viability=MVT,
            nursing=nursed(dose),
            loop=loop,
        )
        for name, dose in DOSES.items()
    }
    others = [name for name in arms if name != "nursing/none"]
    return lab.Study(
        name="e004",
        arms=arms,
        seeds=tuple(range(40, 50)),
        episodes=512,
        contrasts=tuple(lab.Contrast(name, "nursing/none") for name in others),
        smoke_arms=("nursing/none", "nursing/middle"),
    )


def main() -> None:
    """Runs everything and writes the page."""
    options = lab.read_options(pathlib.Path(__file__).parent, __doc__)
    results = lab.run_study(study(), options)
    verdict = [page.say(contrast) for contrast in results["contrasts"]]
    page.write(
        options.out, results, title="E004: how much nursing is best?", verdict=verdict
    )


if __name__ == "__main__":
    main()
