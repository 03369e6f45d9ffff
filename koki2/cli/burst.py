"""`koki2 burst ACTION`: a command on a rented GPU, which is always given back."""

import dataclasses
from typing import Annotated, Literal

import tyro

from koki2 import runlog
from koki2.bursts.configs import BurstConfig
from koki2.cli.arguments import Behind, Json


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options(BurstConfig):
    """Rent a pod of RunPod, run a command on it, bring files back, and delete the pod.

    run does it: koki2 burst run FLAGS -- COMMAND. Without a command it is the check of
    the GPU, tools/gpu_check.sh. plan says what it would do and cost. list shows what
    may cost money, reap deletes the pods that no process looks after. The key is read
    from RUNPOD_API_KEY, and goes nowhere else.
    """

    action: Annotated[
        tyro.conf.Positional[Literal["run", "plan", "list", "reap"]],
        tyro.conf.arg(metavar="run|plan|list|reap"),
    ]
    """What to do."""
    command: Behind = ()
    elsewhere: bool = False
    """For reap: delete bursts of other machines too, before they are due."""
    json: Json = False


def run(options: Options) -> int:
    """Does what the action says."""
    try:
        from koki2.bursts import api, errors
        from koki2.cli import burst_actions
    except ModuleNotFoundError as error:
        raise runlog.InputError(
            f"koki2 burst must have httpx (pip install 'koki2[burst]'): {error}."
        ) from None
    try:
        return burst_actions.ACTIONS[options.action](options, as_json=options.json)
    except errors.RefusedError as error:
        if error.status in api.DENIED:  # for the sake of the key, or of the account
            raise runlog.InputError(str(error)) from None
        raise
