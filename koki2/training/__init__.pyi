"""What `koki2.training` exports: for its door, type checkers and editors."""

from .build import (
    build as build,
    build_many as build_many,
    model_of as model_of,
    recipe_of as recipe_of,
    resolve_dtype as resolve_dtype,
)
from .configs import (
    EvaluationConfig as EvaluationConfig,
    InputsConfig as InputsConfig,
    OptimizerConfig as OptimizerConfig,
    TrainConfig as TrainConfig,
    TrainingConfig as TrainingConfig,
)
from .engine import Recipe as Recipe, Text as Text
from .evaluation import mean_loss as mean_loss
from .flat import Flat as Flat, flat as flat
from .guard import (
    first_guard as first_guard,
    Guard as Guard,
    judge as judge,
    Verdict as Verdict,
)
from .held_out import (
    document_losses as document_losses,
    DocumentLosses as DocumentLosses,
)
from .optimizers import Optimizer as Optimizer, optimizer as optimizer
from .schedule import learning_rate as learning_rate
from .step import (
    first_state as first_state,
    Numbers as Numbers,
    StepParts as StepParts,
    train_step as train_step,
    TrainState as TrainState,
)
from .train import (
    first_losses as first_losses,
    train as train,
    train_many as train_many,
)
