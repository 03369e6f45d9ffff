"""What `koki2.models` exports: for its door, type checkers and editors."""

from .activation_catalogue import (
    Activation as Activation,
    ACTIVATIONS as ACTIVATIONS,
    Own as Own,
    register_activation as register_activation,
)
from .base import Model as Model, token_losses as token_losses, with_loss as with_loss
from .configs import GptConfig as GptConfig
from .counts import (
    count_flops as count_flops,
    count_parameters as count_parameters,
    FlopCount as FlopCount,
    ParameterCount as ParameterCount,
)
from .formula_search import cross as cross, mutate as mutate
from .formulas import Formula as Formula, parse as parse
from .generation import (
    begin as begin,
    generate as generate,
    Generation as Generation,
    proceed as proceed,
)
from .gpt import gpt as gpt
from .params import GptParams as GptParams, matrices as matrices
from .sites import (
    Role as Role,
    Site as Site,
    Sites as Sites,
    surface_uid as surface_uid,
    surfaces as surfaces,
)
