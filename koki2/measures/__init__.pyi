"""What `koki2.measures` exports: for its door, type checkers and editors."""

from .adequacy import Adequacy as Adequacy, kmo as kmo
from .behaviour_space import (
    DescriptorReport as DescriptorReport,
    judge as judge,
    Verdict as Verdict,
)
from .calibration import (
    calibrate as calibrate,
    FEWEST as FEWEST,
    Figures as Figures,
    LEAST as LEAST,
    run_lengths as run_lengths,
    SOON as SOON,
)
from .change_point import (
    change_point as change_point,
    Limits as Limits,
    Reading as Reading,
    Regime as Regime,
    unknown as unknown,
)
from .columns import centre as centre, standardise as standardise, varies as varies
from .complexity import (
    complexity as complexity,
    ComplexityMode as ComplexityMode,
    free_energy as free_energy,
    penalty as penalty,
)
from .configs import (
    ChangePointConfig as ChangePointConfig,
    DescriptorConfig as DescriptorConfig,
    KernelConfig as KernelConfig,
)
from .correlation import Correlations as Correlations, correlations as correlations
from .fitness import (
    at_rest as at_rest,
    Decay as Decay,
    decay as decay,
    fitness as fitness,
    instability_score as instability_score,
    observe as observe,
    Unrest as Unrest,
)
from .kernel_components import kernel_pca as kernel_pca, KernelPCA as KernelPCA
from .monitors import (
    alert_reason as alert_reason,
    Alerts as Alerts,
    BITS as BITS,
    Monitors as Monitors,
    monitors as monitors,
    SIGNALS as SIGNALS,
    Watched as Watched,
)
from .mutual_information import (
    choose_neurons as choose_neurons,
    Classes as Classes,
    classes as classes,
    compression as compression,
    Information as Information,
    mutual_information as mutual_information,
)
from .neighbourhoods import continuity as continuity, trustworthiness as trustworthiness
from .pca import explained_variance as explained_variance
from .population import (
    activation_distribution as activation_distribution,
    architecture_diversity as architecture_diversity,
    no_losses as no_losses,
    population_entropy as population_entropy,
    RecentLosses as RecentLosses,
    remember as remember,
)
from .rank import mean_ranks as mean_ranks, Ranks as Ranks
from .reconstruction import (
    Reconstruction as Reconstruction,
    reconstruction_error as reconstruction_error,
)
from .repetition import repeat_rate as repeat_rate
from .sphericity import (
    bartlett_sphericity as bartlett_sphericity,
    Sphericity as Sphericity,
)
from .weight_entropy import weight_entropy as weight_entropy
