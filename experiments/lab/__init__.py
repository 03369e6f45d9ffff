"""lab: what experiments share: a study, its smoke, its runs, its paired contrasts.

    study       an experiment as data: arms, seeds, probes, contrasts, baselines
    runner      runs a study as a local sweep, and writes results.json
    statistics  values and contrasts out of results
    seeds       which unseen episodes an experiment is judged on
    sweeps      sweep files as steps of an experiment

`experiments.page` writes the report. An experiment imports koki2.session, never
koki2.cli.
"""

from experiments.lab.runner import (
    Options as Options,
    read_genomes as read_genomes,
    read_options as read_options,
    run_study as run_study,
)
from experiments.lab.seeds import eval_seeds as eval_seeds
from experiments.lab.statistics import (
    contrasts as contrasts,
    METRICS as METRICS,
    read_values as read_values,
    Results as Results,
)
from experiments.lab.study import (
    Contrast as Contrast,
    Probe as Probe,
    smoke as smoke,
    Study as Study,
)
