"""`koki2 generate RUN`: a trained model goes on with a prompt."""

import codecs
import dataclasses
import sys
from typing import Annotated

import tyro
from annotated_types import Ge, Le

from koki2 import runlog
from koki2.cli import output
from koki2.cli.arguments import Json, RunPath
from koki2.session import trained
from koki2.session.printing import write
from koki2.session.settings import Seed


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """Let the model of a run of koki2 train go on with a prompt.

    The same run, prompt and seed give the same text. It is shown as it comes.
    """

    run: RunPath
    prompt: Annotated[
        str, tyro.conf.arg(help="What to go on with; - reads it from stdin.")
    ] = "\n"
    tokens: Annotated[int, Ge(1), Le(1_000_000)] = 200
    """Tokens to draw, unless the model ends the text before."""
    temperature: Annotated[float, Ge(0)] = 0.8
    """How boldly to draw; 0 takes the likeliest token each time."""
    top_k: Annotated[int, Ge(1)] | None = None
    """Draw among so many of the likeliest tokens; none: among all."""
    seed: Seed = 0
    """Of the draws."""
    model: trained.Which = "best"
    """The model that did best on the validation text, or the last."""
    json: Json = False


def run(options: Options) -> int:
    """Generates."""
    prompt = _prompt(options.prompt)
    model = trained.read_trained(options.run, options.model)
    pieces = trained.draw_text(
        model,
        prompt,
        options.tokens,
        options.seed,
        temperature=options.temperature,
        top_k=options.top_k,
    )
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    if options.json:
        text = decode(b"".join(pieces), True)
        facts = {"run": str(options.run), "prompt": decode(prompt, True), "text": text}
        output.print_json(facts | {"seed": options.seed})
        return 0
    write(decode(prompt, False))
    for piece in pieces:
        write(decode(piece, False))
    write(decode(b"", True) + "\n")
    return 0


def _prompt(words: str) -> bytes:
    if words != "-":
        return words.encode("utf-8", "surrogateescape")
    prompt = sys.stdin.buffer.read()
    if not prompt:
        raise runlog.InputError("--prompt - must find something on stdin, got nothing.")
    return prompt
