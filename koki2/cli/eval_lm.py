"""`koki2 eval-lm RUN`: what a trained model loses on text that it never saw."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from koki2.cli import output
from koki2.cli.arguments import Json, RunPath
from koki2.session import language, trained
from koki2.session.printing import say
from koki2.session.tables import print_table


@dataclasses.dataclass(frozen=True, kw_only=True)
class Options:
    """Evaluate the model of a run of koki2 train on the documents of a text.

    Each document is read by itself, and every token of it is predicted once. Intervals
    are of 95%, over documents.
    """

    run: RunPath
    data: str | None = None
    """A file, a folder of files, or the name of a corpus; none is what the run held
    out for the end."""
    model: trained.Which = "best"
    """The model that did best on the validation text, or the last."""
    json: Json = False


def run(options: Options) -> int:
    """Evaluates."""
    model = trained.read_trained(options.run, options.model)
    documents = language.held_out_documents(model, options.data)
    found = {
        "run": str(options.run),
        "model": options.model,
        **language.evaluate(model, documents),
    }
    output.show(found, options.json, lambda: _print(found))
    return 0


def _print(found: Mapping[str, Any]) -> None:
    rows = [
        (name, *_ends(found[key]))
        for name, key in (
            ("loss, nats a token", "loss"),
            ("perplexity", "perplexity"),
            ("bits a byte", "bits_per_byte"),
        )
    ]
    for name, bucket in found["buckets"].items():
        about = f"loss, {name} ({bucket['documents']} of <= {bucket['longest']})"
        rows.append((about, *_ends(bucket["loss"])))
    title = (
        f"{found['documents']} documents, {found['tokens']} tokens, "
        f"{found['bytes']} bytes, {found['model']} model"
    )
    print_table(("", "mean", "low", "high"), rows, title=title)
    for name, rates in found["repeats"].items():
        words = ", ".join(f"{n}-grams {rate:.3f}" for n, rate in rates.items())
        say(f"repeat rate, {name.replace('_', ' ')}: {words}")


def _ends(value: Mapping[str, float]) -> tuple[float | str, ...]:
    return tuple(value.get(name, "-") for name in ("mean", "low", "high"))
