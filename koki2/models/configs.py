"""Settings of models. Imports no JAX, so that `--help` answers at once."""

import dataclasses
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Lt

from koki2.core.configs import check, ReadWhen
from koki2.models.activation_catalogue import Activation, ACTIVATIONS

_ROTATES = ReadWhen("positions", is_one_of=("rotary",))
_CHOICES = {"positions": ("learned", "rotary"), "norm": ("layer", "rms")}


@dataclasses.dataclass(frozen=True, kw_only=True)
class GptConfig:
    """A decoder-only transformer: its sizes and its parts. Static.

    The defaults are those of nanoGPT's recipe for processors, over bytes.
    """

    vocabulary: Annotated[int, Ge(1)] = 256
    """Tokens that there are, V."""
    block: Annotated[int, Ge(1)] = 64
    """Positions that a prediction may look back on, its own among them."""
    layers: Annotated[int, Ge(1)] = 4
    """Blocks, each of attention and a feed-forward part."""
    heads: Annotated[int, Ge(1)] = 4
    """Heads of attention, H."""
    kv_heads: Annotated[int, Ge(1)] | None = None
    """Heads of keys and values, G, each shared by H / G heads; None: one a head."""
    dim: Annotated[int, Ge(1)] = 128
    """Width of the stream, D; heads divide it."""
    ffn_activation: str = "gelu"
    """Activation of the feed-forward parts: gelu, relu, silu, swiglu, universal,
    kan_spline, a formula such as 0.7*silu(x) + 0.3*x, or one that was registered."""
    ffn_dim: Annotated[int, Ge(1)] | Literal["rule", "matched"] = "rule"
    """Width of the feed-forward parts, F. rule: 4 D, or of gated ones 8/3 D rounded up
    to a multiple of 64. matched: as many parameters as with gelu and 4 D, to 1%."""
    positions: Literal["learned", "rotary"] = "learned"
    """How a token knows its place: by a vector of it, or by turned queries and keys."""
    rope_theta: Annotated[float, Gt(0), _ROTATES] = 10000.0
    """Base of the wavelengths of rotary positions."""
    tied: bool = True
    """Whether the embedding is also the head."""
    dropout: Annotated[float, Ge(0), Lt(1)] = 0.0
    """Share of numbers set to zero in training, of the embedding and of what each part
    adds to the stream."""
    bias: bool = False
    """Whether products and layer norms add a bias."""
    norm: Literal["layer", "rms"] = "layer"
    """What comes before each part and the head: layer norm, or RMS norm."""
    softcap: Annotated[float, Gt(0)] | None = None
    """Bound of the logits of attention; None: none."""

    def __post_init__(self) -> None:
        check(self)
        _check_choices(self)
        activation = ACTIVATIONS.find(self.ffn_activation)
        if self.dim % self.heads:
            raise ValueError(
                f"heads must divide dim, got {self.heads} heads and dim {self.dim}."
            )
        if self.heads % self.groups:
            raise ValueError(
                f"kv_heads must divide heads, got {self.groups} and {self.heads}."
            )
        if self.positions == "rotary" and self.head_dim % 2:
            raise ValueError(
                "dim / heads must be even for rotary positions, which turn pairs, got "
                f"{self.dim} / {self.heads} = {self.head_dim}."
            )
        if self.ffn_dim == "matched":
            _matched(self.dim, activation, self.bias)

    @property
    def groups(self) -> int:
        """Heads of keys and values, G."""
        return self.heads if self.kv_heads is None else self.kv_heads

    @property
    def head_dim(self) -> int:
        """Width of a head, K."""
        return self.dim // self.heads

    @property
    def ffn_width(self) -> int:
        """Width of the feed-forward parts, F, as `ffn_dim` asks.

        Example:
          >>> GptConfig(dim=256).ffn_width
          1024
          >>> gated = {"dim": 256, "ffn_activation": "swiglu"}
          >>> GptConfig(**gated).ffn_width
          704
          >>> GptConfig(**gated, ffn_dim="matched").ffn_width
          688
        """
        if isinstance(self.ffn_dim, int):
            return self.ffn_dim
        activation = ACTIVATIONS.find(self.ffn_activation)
        if self.ffn_dim == "matched":
            return _matched(self.dim, activation, self.bias)
        if activation.parts == 1:
            return 4 * self.dim
        return -(-8 * self.dim // (64 * (activation.parts + 1))) * 64

    @property
    def qkv_width(self) -> int:
        """Outputs of the product that gives queries, keys and values: (H + 2 G) K."""
        return (self.heads + 2 * self.groups) * self.head_dim

    @property
    def up_width(self) -> int:
        """Outputs of the first product of a feed-forward part: F, or twice it."""
        return ACTIVATIONS.find(self.ffn_activation).parts * self.ffn_width


def ffn_size(dim: int, width: int, activation: Activation, bias: bool) -> int:
    """Counts the parameters of a feed-forward part.

    Args:
      dim: of the stream, D.
      width: of the part, F.
      activation: gives its number of products, and parameters of its own.
      bias: whether products add one.

    Example:
      >>> ffn_size(256, 704, ACTIVATIONS["swiglu"], bias=False)
      540672
    """
    wide = activation.parts * width
    biases = wide + dim if bias else 0
    return dim * wide + width * dim + biases + activation.own_size(width)


def _matched(dim: int, activation: Activation, bias: bool) -> int:
    """The width with as many parameters as gelu at 4 D, a round number if it can be."""
    size = lambda width: ffn_size(dim, width, activation, bias)
    aim = ffn_size(dim, 4 * dim, ACTIVATIONS["gelu"], bias)
    if size(4 * dim) == aim:
        return 4 * dim
    near = 4 * dim * aim // size(4 * dim)
    for step in (64, 32, 16, 8, 4, 2, 1):
        below = near // step * step
        width = min((below, below + step), key=lambda width: abs(size(width) - aim))
        if width and abs(size(width) - aim) <= 0.01 * aim:
            return width
    raise ValueError(
        f"dim must be larger for a width with matched parameters, got {dim}: none "
        "comes within 1%."
    )


def _check_choices(config: GptConfig) -> None:
    for name, values in _CHOICES.items():
        if getattr(config, name) not in values:
            raise ValueError(
                f"{name} must be one of {', '.join(values)}, got "
                f"{getattr(config, name)!r}."
            )
    if not (config.kv_heads is None or config.kv_heads >= 1):
        raise ValueError(f"kv_heads must be >= 1, got {config.kv_heads}.")
    if not (config.softcap is None or config.softcap > 0):
        raise ValueError(f"softcap must be above 0, got {config.softcap}.")
    width = config.ffn_dim
    if not (width in ("rule", "matched") or (isinstance(width, int) and width >= 1)):
        raise ValueError(f"ffn_dim must be >= 1, rule or matched, got {width!r}.")
