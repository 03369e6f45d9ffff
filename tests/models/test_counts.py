"""Sizes and costs from the config are those of the arrays and of the program."""

import itertools
import math

import jax
import pytest
from small_models import CONFIGS, model, params, tokens

from koki2.models import count_flops, count_parameters, gpt, GptConfig

BOTH = pytest.mark.parametrize("name", CONFIGS)


def size(tree):
    return sum(x.size for x in jax.tree.leaves(tree))


@BOTH
def test_parameters_are_as_many_as_in_the_tree(name):
    first = jax.eval_shape(model(name).init, jax.random.key(0))
    counted = count_parameters(CONFIGS[name])
    assert counted.total == size(first)
    assert counted.embedding == size(first.embedding)
    assert counted.positions == size(first.positions)
    assert counted.head == size(first.head)
    norms = [first.norm, *((b.attention_norm, b.ffn_norm) for b in first.blocks)]
    assert counted.norms == size(norms)
    ffn = [(b.up, b.up_bias, b.down, b.down_bias, b.own) for b in first.blocks]
    assert counted.ffn == size(ffn)


def test_every_choice_is_counted():
    for bias, norm, places in itertools.product(
        (False, True), ("layer", "rms"), ("learned", "rotary")
    ):
        tied, kv = bias == (norm == "rms"), 1 + (places == "learned")
        knobs = dict(bias=bias, norm=norm, positions=places, tied=tied, kv_heads=kv)
        config = GptConfig(vocabulary=7, block=3, layers=2, heads=2, dim=4, **knobs)
        first = jax.eval_shape(gpt(config).init, jax.random.key(0))
        assert count_parameters(config).total == size(first), knobs


def products(jaxpr):
    """Floating-point operations of every product in a program."""
    total = 0
    for equation in jaxpr.eqns:
        if equation.primitive.name == "dot_general":
            (contracted, _), _ = equation.params["dimension_numbers"]
            shape = equation.invars[0].aval.shape
            inner = math.prod(shape[axis] for axis in contracted)
            total += 2 * inner * equation.outvars[0].aval.size
        for inside in equation.params.values():
            if hasattr(inside, "jaxpr"):  # of a function that is called
                total += products(inside.jaxpr)
    return total


@pytest.mark.parametrize("name, length", [("as GPT-2", 8), ("as Llama", 5)])
def test_operations_are_those_of_the_program(name, length):
    read, flops = tokens(length)[None], count_flops(CONFIGS[name], length)
    forward = jax.make_jaxpr(model(name).apply)(params(name), read)
    step = jax.make_jaxpr(jax.value_and_grad(model(name).loss))
    assert flops.forward == products(forward.jaxpr)
    assert flops.training == products(step(params(name), read, read).jaxpr)


def test_the_seed_s_model_has_540_672_weights_in_a_gated_part():
    """6 layers, 256 wide: 3.1% above gelu's 524,288; the seed's 541,696 is a slip."""
    config = GptConfig(layers=6, dim=256, heads=8, ffn_activation="swiglu")
    first = jax.eval_shape(gpt(config).init, jax.random.key(0))
    block = first.blocks[0]
    assert (
        block.up.size + block.down.size == 540_672 == count_parameters(config).ffn / 6
    )
    gelu = GptConfig(layers=6, dim=256, heads=8)
    assert count_parameters(gelu).ffn == 6 * 524_288


def test_nanogpt_s_recipe_has_as_many_parameters_as_nanogpt():
    assert count_parameters(GptConfig(vocabulary=84)).total == 806_528


@pytest.mark.parametrize("dim", [16, 32, 48, 64, 100, 128, 256, 384, 768, 1024])
@pytest.mark.parametrize("bias", [False, True])
def test_a_matched_width_has_as_many_parameters_to_one_percent(dim, bias):
    knobs = dict(dim=dim, heads=1, layers=1, bias=bias)
    gated = GptConfig(**knobs, ffn_activation="swiglu", ffn_dim="matched")
    ratio = count_parameters(gated).ffn / count_parameters(GptConfig(**knobs)).ffn
    assert abs(ratio - 1) < 0.0101
    plain = GptConfig(**knobs, ffn_activation="relu", ffn_dim="matched")
    assert plain.ffn_width == 4 * dim


def test_the_rule_rounds_up_to_64():
    widths = [
        GptConfig(dim=dim, heads=1, ffn_activation="swiglu").ffn_width
        for dim in (24, 25, 64, 256, 384)
    ]
    assert widths == [64, 128, 192, 704, 1024]
