"""What every language model promises, as checks for those that others bring, too.

    for name, check in CHECKS.items():
        check(model)  # raises AssertionError, with a sentence

Each program is compiled once, however many checks look at it. The fewer positions and
tokens the model has, the less the checks cost.
"""

import functools
from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from koki2.contracts import requirements
from koki2.contracts.requirements import must
from koki2.core.types import Key
from koki2.models.base import Model, Params, token_losses
from koki2.models.generation import generate
from koki2.models.sites import Sites

BOUND = 1e-4
"""By which two ways to the same logits may differ, as a share of the largest."""


def check_form(model: Model) -> None:
    """It has the fields of a `Model`."""
    must(
        isinstance(model, Model),
        f"it must be a koki2.models.Model, got {type(model).__name__}",
    )
    requirements.must_be_callable(model, "init", "apply", "loss")
    requirements.must_count("vocabulary", model.vocabulary)
    requirements.must_count("block", model.block)
    given = [name for name in ("prefill", "decode") if getattr(model, name) is not None]
    must(
        len(given) != 1,
        f"prefill and decode must both be given, or neither, got {' '.join(given)}",
    )
    requirements.must_be_callable(model, *given)


def check_parameters(model: Model) -> None:
    """The first parameters are finite numbers, of types that are not weak."""
    shapes = jax.eval_shape(model.init, jax.random.key(0))
    kinds = requirements.types(shapes)
    must(len(kinds) > 0, "init must give at least one array, got none")
    for path, kind in kinds.items():
        must(
            jnp.issubdtype(kind.dtype, jnp.floating) and not kind.weak,
            f"params{path} must be floating-point and not weak, got {tuple(kind)}",
        )
    requirements.must_be_finite(_first_params(model))


def check_shapes(model: Model) -> None:
    """Logits are one row a token, of texts up to the block; the loss is a number."""
    for length in {1, model.block}:
        tokens = _tokens(model)[:, :length]
        logits = jax.eval_shape(model.apply, _first_params(model), tokens)
        wide = (2, length, model.vocabulary)
        must(
            hasattr(logits, "shape")
            and logits.shape == wide
            and jnp.issubdtype(logits.dtype, jnp.floating),
            f"logits of 2 x {length} tokens must be floating-point {list(wide)}, got "
            f"{logits}",
        )
        loss = jax.eval_shape(model.loss, _first_params(model), tokens, tokens)
        requirements.must_be_array("loss", loss, (), logits.dtype)


def check_loss(model: Model) -> None:
    """The loss is the mean of `token_losses`, and its gradient is finite."""
    run = _compiled(model)
    logits, loss, grads, _ = run(_lively(model), _tokens(model), _targets(model))
    expected = np.mean(token_losses(logits, _targets(model)))
    must(
        np.isclose(loss, expected, rtol=BOUND, atol=1e-5),
        f"loss must be the mean of token_losses, {expected}, got {loss}",
    )
    requirements.must_be_finite(grads)


def check_causality(model: Model) -> None:
    """Logits at a position do not depend on later tokens, bit for bit."""
    run, tokens = _compiled(model), _tokens(model)
    before = run(_lively(model), tokens, _targets(model))[0]
    for t in {0, model.block // 2, model.block - 2} - {model.block - 1, -1}:
        later = (tokens[:, t + 1 :] + 1) % model.vocabulary
        other = jnp.concatenate([tokens[:, : t + 1], later], axis=1)
        after = run(_lively(model), other, _targets(model))[0]
        requirements.must_be_same_bits(
            before[:, : t + 1],
            after[:, : t + 1],
            f"logits at position {t} must not depend on later tokens",
        )


def check_prefixes(model: Model) -> None:
    """A prefix that stands alone has the logits that it has in a batch of texts."""
    length = (model.block + 1) // 2
    whole = _compiled(model)(_lively(model), _tokens(model), _targets(model))[0]
    short = model.apply(_lively(model), _tokens(model)[:1, :length])
    sentence = "logits of a prefix, alone, must be those in the whole batch"
    _must_be_near(short[0], whole[0, :length], sentence)


def check_jit(model: Model) -> None:
    """`jit` agrees with eager, within a rounding."""
    compiled = _compiled(model)(_lively(model), _tokens(model), _targets(model))[0]
    eager = model.apply(_lively(model), _tokens(model))
    _must_be_near(eager, compiled, "logits under jit must agree with eager")


def check_replay(model: Model) -> None:
    """The same key gives the same parameters and, where there is dropout, logits."""
    sentence = "the same key must give the same numbers bit for bit, got two"
    draw = requirements.compiled(model.init)
    once, twice = draw(jax.random.key(5)), draw(jax.random.key(5))
    requirements.must_be_same_bits(once, twice, sentence)
    run = lambda: _compiled(model)(_lively(model), _tokens(model), _targets(model))
    first, again = run(), run()
    requirements.must_be_same_bits((first[0], first[3]), (again[0], again[3]), sentence)


def check_tracers(model: Model) -> None:
    """No tracer is kept from one call to the next."""
    kept = None
    try:
        with jax.checking_leaks():
            jax.eval_shape(jax.jit(model.loss), *_arguments(model))
    except Exception as error:
        kept = f"{type(error).__name__}: {error}".partition("\n")[0]
    must(kept is None, f"a call must keep no tracer behind it, got {kept}")


def check_sites(model: Model) -> None:
    """Sites that do nothing leave no trace in the program."""
    nothing = Sites(lambda uid, x: x, lambda uid, x, w: x @ w)

    def text(**call: Sites) -> str:
        run = lambda params, tokens: model.apply(params, tokens, **call)
        return str(jax.make_jaxpr(run)(_first_params(model), _tokens(model)))

    must(
        text(sites=Sites()) == text() == text(sites=nothing),
        "sites that do nothing must not change the program of apply",
    )


def check_generation(model: Model) -> None:
    """From its cache it predicts what it predicts without one, past the block too."""
    count = model.block + 2
    plain = model._replace(prefill=None, decode=None)
    cached, read = (_continue(m, count) for m in (model, plain))
    must(
        (np.asarray(cached) >= 0) & (np.asarray(cached) < model.vocabulary),
        f"generated tokens must be in 0 to {model.vocabulary - 1}, got {cached}",
    )
    if model.prefill is None or model.decode is None:
        return
    must(
        np.array_equal(cached, read),
        f"the likeliest text must be the same from the cache, got {cached} and, "
        f"without it, {read}",
    )
    from_cache = requirements.compiled(functools.partial(_from_cache, model))
    logits = from_cache(_lively(model), _tokens(model)[0])
    whole = _compiled(model)(_lively(model), _tokens(model), _targets(model))[0]
    _must_be_near(logits, whole[0], "logits from the cache must be those of apply")


CHECKS: Mapping[str, Callable[[Model], None]] = requirements.by_name(
    *(check_form, check_parameters, check_shapes, check_loss, check_causality),
    *(check_prefixes, check_jit, check_replay, check_tracers, check_sites),
    check_generation,
)
"""Every check by name; each raises AssertionError with a sentence."""


def _must_be_near(ours: Array, expected: Array, sentence: str) -> None:
    a, b = (np.asarray(x, np.float64) for x in (ours, expected))
    apart = np.max(np.abs(a - b)) / max(np.max(np.abs(b)), 1e-30)
    must(apart <= BOUND, f"{sentence} to {BOUND} of the largest, got {apart:.2g}")


def _tokens(model: Model) -> Int[Array, "2 S"]:
    drawn = np.random.default_rng(44).integers(0, model.vocabulary, (2, model.block))
    return jnp.asarray(drawn, jnp.int32)


def _targets(model: Model) -> Int[Array, "2 S"]:
    return jnp.roll(_tokens(model), -1, axis=1)


def _arguments(model: Model) -> tuple[Params, Array, Array]:
    return _first_params(model), _tokens(model), _targets(model)


@functools.lru_cache(maxsize=64)
def _first_params(model: Model) -> Params:
    return requirements.compiled(model.init)(jax.random.key(0))


@functools.lru_cache(maxsize=64)
def _lively(model: Model) -> Params:
    """Parameters far from the first ones, so that logits tell texts apart."""
    draw = np.random.default_rng(45).standard_normal
    more = lambda x: x + jnp.asarray(0.3 * draw(x.shape), x.dtype)
    return jax.tree.map(more, _first_params(model))


@functools.lru_cache(maxsize=64)
def _compiled(model: Model) -> Callable[..., tuple[Array, Array, Params, Array]]:
    """(params, tokens, targets) -> logits, loss, its gradient, logits with a key."""

    def run(
        params: Params, tokens: Int[Array, "B T"], targets: Int[Array, "B T"]
    ) -> tuple[Array, Array, Params, Array]:
        loss, grads = jax.value_and_grad(model.loss)(params, tokens, targets)
        dropped = model.apply(params, tokens, key=jax.random.key(9))
        return model.apply(params, tokens), loss, grads, dropped

    return requirements.compiled(run)


def _continue(model: Model, count: int) -> Int[Array, " n"]:
    """The likeliest text after one token."""

    def run(params: Params, key: Key) -> Int[Array, " n"]:
        prompt = _tokens(model)[0, :1]
        return generate(model, params, prompt, count, key, temperature=0.0)

    return requirements.compiled(run)(_lively(model), jax.random.key(0))


def _from_cache(
    model: Model, params: Params, tokens: Int[Array, " S"]
) -> Float[Array, "S V"]:
    """The logits of a text, token by token."""
    prefill, decode = model.prefill, model.decode
    assert prefill is not None and decode is not None
    first, cache = prefill(params, tokens, jnp.int32(1))
    step = lambda cache, now: decode(params, cache, *now)[::-1]
    places = jnp.arange(1, model.block)
    _, more = jax.lax.scan(step, cache, (tokens[1:], places))
    return jnp.concatenate([first[None], more])
