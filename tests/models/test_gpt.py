"""GPT: the numbers are the formula's, and what is off is not in the program."""

import math

import jax
import jax.numpy as jnp
import jax.test_util
import jaxtyping
import numpy as np
import pytest
from scipy.special import erf
from small_models import CONFIGS, model, params, SMALL, tokens

from koki2.core.configs import unread
from koki2.models import gpt, GptConfig, matrices, Sites, surface_uid, surfaces
from koki2.models.sites import Role, Site

BOTH = pytest.mark.parametrize("name", CONFIGS)


def by_hand(config, params, tokens):
    """Logits in float64 with NumPy, head by head."""
    p = jax.tree.map(lambda x: np.asarray(x, np.float64), params)
    heads, groups, wide = config.heads, config.groups, config.head_dim

    def norm(x, of):
        if config.norm == "layer":
            x = x - x.mean(1, keepdims=True)
        y = of.gain * x / np.sqrt((x**2).mean(1, keepdims=True) + 1e-5)
        return y if of.bias is None else y + of.bias

    def rotated(x):
        if config.positions == "learned":
            return x
        half = wide // 2
        angle = np.outer(np.arange(len(x)), 1e4 ** (-2 * np.arange(half) / wide))
        turn = np.exp(1j * angle) * (x[:, :half] + 1j * x[:, half:])
        return np.concatenate([turn.real, turn.imag], 1)

    def attention(block, x):
        qkv = x @ block.qkv + (0 if block.qkv_bias is None else block.qkv_bias)
        columns = qkv.reshape(len(x), heads + 2 * groups, wide)
        out = []
        for h in range(heads):
            g = h // (heads // groups)
            q, k = rotated(columns[:, h]), rotated(columns[:, heads + g])
            logits = q @ k.T / math.sqrt(wide)
            if config.softcap:
                logits = config.softcap * np.tanh(logits / config.softcap)
            weights = np.exp(logits) * np.tri(len(x))
            v = columns[:, heads + groups + g]
            out.append(weights @ v / weights.sum(1, keepdims=True))
        y = np.concatenate(out, 1) @ block.out
        return y if block.out_bias is None else y + block.out_bias

    def feed_forward(block, x):
        y = x @ block.up + (0 if block.up_bias is None else block.up_bias)
        if config.ffn_activation == "swiglu":
            gate, up = y[:, : config.ffn_width], y[:, config.ffn_width :]
            y = gate / (1 + np.exp(-gate)) * up
        else:
            y = y * (1 + erf(y / math.sqrt(2))) / 2
        y = y @ block.down.T
        return y if block.down_bias is None else y + block.down_bias

    x = p.embedding[tokens]
    if p.positions is not None:
        x = x + p.positions[: len(tokens)]
    for block in p.blocks:
        x = x + attention(block, norm(x, block.attention_norm))
        x = x + feed_forward(block, norm(x, block.ffn_norm))
    return norm(x, p.norm) @ (p.embedding if p.head is None else p.head).T


@BOTH
def test_logits_and_loss_are_those_of_the_formula(name):
    config, read, targets = CONFIGS[name], tokens(7), tokens(7, seed=3)
    expected = by_hand(config, params(name), read)
    also = tokens(7, seed=4)
    call = lambda p, x, y: (model(name).apply(p, x), model(name).loss(p, x, y))
    batch = jnp.stack([read, also])
    logits, loss = jax.jit(call)(params(name), batch, jnp.stack([targets, also]))
    assert np.abs(logits[0] - expected).max() < 2e-5 * np.abs(expected).max()
    expected = np.concatenate([expected, by_hand(config, params(name), also)])
    likelihood = np.exp(expected) / np.exp(expected).sum(1, keepdims=True)
    nats = -np.log(likelihood[np.arange(14), np.concatenate([targets, also])])
    assert abs(loss - nats.mean()) < 1e-5


def test_first_parameters_are_drawn_as_in_nanogpt():
    config = GptConfig(dim=64, layers=2, ffn_activation="relu", bias=True)
    first = jax.jit(gpt(config).init)(jax.random.key(0))
    block = first.blocks[1]
    for weight, size in [
        *((x, 0.02) for x in (first.embedding, first.positions, block.qkv, block.up)),
        *((x, 0.02 / 2) for x in (block.out, block.down)),
    ]:
        assert abs(np.std(weight) / size - 1) < 0.05 and abs(np.mean(weight)) < 0.001
    assert np.all(np.asarray(block.attention_norm.gain) == 1)
    biases = (block.qkv_bias, block.out_bias, block.up_bias, block.down_bias)
    assert not any(np.any(bias) for bias in biases)
    assert not np.array_equal(first.blocks[0].qkv, block.qkv)


def jaxpr(model, params, **call):
    run = lambda params, tokens, key: model.loss(params, tokens, tokens, **call)
    return str(jax.make_jaxpr(run)(params, tokens()[None], jax.random.key(0)))


@BOTH
def test_sites_that_do_nothing_are_not_in_the_program(name):
    called = []

    def here(uid, x, w=None):
        called.append(uid)
        return x if w is None else x @ w

    plain = jaxpr(model(name), params(name))
    assert jaxpr(model(name), params(name), sites=Sites()) == plain
    assert jaxpr(model(name), params(name), sites=Sites(here, here)) == plain
    assert sorted(called) == [place.uid for place in surfaces(CONFIGS[name])]
    twice = Sites(lambda uid, x: x if uid != called[-1] else 2 * x)
    assert jaxpr(model(name), params(name), sites=twice) != plain


def test_a_site_reads_and_replaces_what_is_there():
    """The last thing on the stream is the last block's output, and is what is read."""
    name, seen = "as Llama", {}
    uid = surface_uid(1, Site.POST_MLP)

    def read(at, x):
        seen[at] = x
        return x

    def run(params, tokens):
        logits = model(name).apply(params, tokens, sites=Sites(at_site=read))
        zero = Sites(at_site=lambda at, x: 0 * x if at == uid else x)
        return logits, seen[uid], model(name).apply(params, tokens, sites=zero)

    out = jax.jit(run)(params(name), tokens()[None])
    logits, stream, silenced = (np.asarray(x[0]) for x in out)
    square = np.mean(stream**2, axis=1, keepdims=True)
    normal = stream / np.sqrt(square + 1e-5) * np.asarray(params(name).norm.gain)[None]
    expected = normal @ np.asarray(params(name).head).T
    np.testing.assert_allclose(expected, logits, rtol=1e-4, atol=1e-4)
    assert not np.any(silenced)


def test_a_projection_takes_the_place_of_the_product():
    """A low-rank adapter on one product is the model with that weight changed."""
    name = "as GPT-2"
    uid = surface_uid(0, Site.POST_MLP, Role.MLP_UP)
    rng = np.random.default_rng(5)
    a, b = (jnp.float32(rng.standard_normal(s)) for s in ((8, 2), (2, 32)))
    adapted = Sites(
        at_projection=lambda at, x, w: x @ w + (x @ a) @ b if at == uid else x @ w
    )
    blocks = params(name).blocks
    merged = blocks[0].replace(up=blocks[0].up + a @ b)
    merged = params(name).replace(blocks=(merged, blocks[1]))
    ours = model(name).apply(params(name), tokens()[None], sites=adapted)
    theirs = model(name).apply(merged, tokens()[None])
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)


def test_places_are_in_order_and_have_numbers_of_their_own():
    uids = [place.uid for place in surfaces(GptConfig(layers=3))]
    assert uids == sorted(set(uids)) and len(uids) == 18
    with pytest.raises(ValueError, match="depth must be in 0 to 65535"):
        surface_uid(-1, Site.POST_MLP)


def test_dropout_needs_a_key_and_a_rate_and_else_is_not_in_the_program():
    config = GptConfig(**SMALL, dropout=0.5)
    dropping, name = gpt(config), "as GPT-2"
    lively = params(name)
    with_key = lambda m: str(
        jax.make_jaxpr(lambda p, k: m.apply(p, tokens()[None], key=k))(
            lively, jax.random.key(0)
        )
    )
    assert jaxpr(dropping, lively) == jaxpr(model(name), lively)
    assert "random" not in with_key(model(name)) and "random" in with_key(dropping)
    apply = jax.jit(lambda k: dropping.apply(lively, tokens()[None], key=k))
    one, again, other = (apply(jax.random.key(i)) for i in (0, 0, 1))
    assert np.array_equal(one, again) and not np.array_equal(one, other)


@pytest.mark.slow
def test_remat_changes_memory_not_numbers():
    name = "as Llama"
    again = gpt(CONFIGS[name], remat=True)
    read = tokens()[None]
    grad = lambda m: jax.jit(jax.grad(m.loss))(params(name), read, read)
    assert "remat" in str(jax.make_jaxpr(again.apply)(params(name), read))
    for a, b in zip(
        *map(jax.tree.leaves, map(grad, (model(name), again))), strict=True
    ):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_bfloat16_products_leave_stream_logits_and_gradients_in_float32():
    name = "as Llama"
    half = gpt(CONFIGS[name], dtype="bfloat16")
    read = tokens()[None]
    grads = jax.eval_shape(jax.grad(half.loss), params(name), read, read)
    assert {x.dtype for x in jax.tree.leaves(grads)} == {jnp.dtype(jnp.float32)}
    logits = jax.jit(half.apply)(params(name), read)[0]
    exact = by_hand(CONFIGS[name], params(name), tokens())
    assert logits.dtype == jnp.float32
    assert 1e-5 < np.abs(logits - exact).max() / np.abs(exact).max() < 0.05


@pytest.mark.slow
@BOTH
def test_gradients_of_the_loss_are_the_finite_differences(name):
    with jax.enable_x64(True):
        double = gpt(CONFIGS[name], dtype="float64")
        wide = jax.tree.map(lambda x: jnp.asarray(x, jnp.float64), params(name))
        read, targets = tokens()[None], tokens(seed=3)[None]
        run = jax.jit(lambda p: double.loss(p, read, targets))
        jax.test_util.check_grads(run, (wide,), 1, modes=["rev"], eps=1e-6, rtol=1e-6)


def test_q_k_v_and_gate_are_given_apart():
    name = "as Llama"
    named = matrices(CONFIGS[name], params(name))
    block = params(name).blocks[1]
    put = lambda *parts: np.concatenate([named[f"blocks.1.{x}"] for x in parts], axis=1)
    np.testing.assert_array_equal(put("q", "k", "v"), block.qkv)
    np.testing.assert_array_equal(put("gate", "up"), block.up)
    assert named["blocks.1.k"].shape == (8, 4) and "head" in named
    assert len(named) == 2 * 7 + 1
    assert "head" not in matrices(CONFIGS["as GPT-2"], params("as GPT-2"))


def test_more_tokens_than_the_block_are_refused():
    with pytest.raises(ValueError, match="tokens must be at most 8, the block, got 9"):
        model("as GPT-2").apply(params("as GPT-2"), tokens(9)[None])


@pytest.mark.parametrize(
    "settings, sentence",
    [
        ({"heads": 3}, "heads must divide dim, got 3 heads and dim 8"),
        ({"kv_heads": 3}, "kv_heads must divide heads, got 3 and 4"),
        ({"kv_heads": 0}, "kv_heads must be >= 1, got 0"),
        ({"heads": 8, "positions": "rotary"}, "must be even for rotary positions"),
        ({"softcap": 0.0}, "softcap must be above 0, got 0.0"),
        ({"ffn_dim": 0}, "ffn_dim must be >= 1, rule or matched, got 0"),
        ({"ffn_activation": "gelo"}, "no activation 'gelo'; did you mean gelu"),
        ({"dropout": 1.0}, "GptConfig.dropout must be a finite number >= 0 and < 1"),
        ({"layers": 0}, "GptConfig.layers must be a finite number >= 1, got 0"),
        (
            {"ffn_activation": "swiglu", "ffn_dim": "matched"},
            "dim must be larger for a width with matched parameters, got 8",
        ),
    ],
)
def test_a_config_that_means_nothing_is_refused(settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        GptConfig(**SMALL | settings)


def test_the_base_of_rotary_positions_is_read_only_with_them():
    assert unread(GptConfig()) == {"rope_theta": "positions is learned"}
    assert unread(GptConfig(positions="rotary")) == {}


@pytest.mark.parametrize(
    "settings, sentence",
    [
        ({"positions": "sinus"}, "positions must be one of learned, rotary, got 'sin"),
        ({"norm": "batch"}, "norm must be one of layer, rms, got 'batch'"),
        ({"ffn_dim": "wide"}, "ffn_dim must be >= 1, rule or matched, got 'wide'"),
    ],
)
def test_a_word_that_means_nothing_is_refused(settings, sentence):
    jaxtyping.config.update("jaxtyping_disable", True)  # it would refuse before
    try:
        with pytest.raises(ValueError, match=sentence):
            GptConfig(**SMALL | settings)
    finally:
        jaxtyping.config.update("jaxtyping_disable", False)
