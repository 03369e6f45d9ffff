"""Every world by name, each a factory of its config; contract tests run over these."""

from koki2.envs.chemotaxis import chemotaxis
from koki2.envs.configs import ChemotaxisConfig

_HARM = {"num_sources": 4, "num_bad_sources": 2, "bad_source_integrity_loss": 0.25}

WORLDS = {
    "chemotaxis-l0.0": lambda: chemotaxis(ChemotaxisConfig()),
    "chemotaxis-l0.1": lambda: chemotaxis(ChemotaxisConfig(width=16, height=16)),
    "chemotaxis-l0.2": lambda: chemotaxis(ChemotaxisConfig(**_HARM)),
    "chemotaxis-l1.0": lambda: chemotaxis(
        ChemotaxisConfig(
            **_HARM, deplete_sources=True, respawn_delay=4, bad_source_deplete_p=0.5
        )
    ),
    "chemotaxis-l1.1": lambda: chemotaxis(
        ChemotaxisConfig(
            **_HARM,
            grad_dropout_p=0.5,
            obs_noise=0.05,
            grad_gain_min=0.0,
            grad_gain_end_phi=0.3,
            grad_bins_min=2.0,
            grad_bins_max=16.0,
            grad_bins_end_phi=0.6,
        )
    ),
}
