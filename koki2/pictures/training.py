"""How a training went, on one page: loss, rate, norm of the gradient, and clipping.

One run is drawn with its raw loss, several runs by their validation loss. Takes columns
as plain numbers.
"""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from koki2.pictures.curves import finite, line, moving_median, Values
from koki2.pictures.labels import short_names
from koki2.pictures.look import (
    BLUE,
    figure,
    GREEN,
    GREY,
    house,
    INK,
    ORANGE,
    PINK,
    SKY,
    SMALL,
    VERMILLION,
)

Columns = Mapping[str, Values]
_SHADES = (BLUE, ORANGE, GREEN, PINK, SKY, VERMILLION, INK)
_WIDEST = 101  # steps that a curve is smoothed over at most


def training_figure(
    runs: Mapping[str, Columns], *, floor: float | None = None, title: str | None = None
) -> Figure:
    """Draws the loss of trainings, and below it rate, norm and clipping.

    Args:
      runs: by name, a number per step of `step`, `loss`, `lr`, `grad_norm` and
        `clipped_share`, and per evaluation of `eval_step`, `train_loss` and `val_loss`;
        NaN or None where unknown.
      floor: the least loss that can be hoped for, if it is known.
      title: of the page; the names of the runs if None.

    Raises:
      ValueError: no runs, or one without steps.

    Example:
      >>> names = ("step", "loss", "lr", "grad_norm", "clipped_share", "eval_step",
      ...          "train_loss", "val_loss")
      >>> page = training_figure({"a run": {name: [1.0, 2.0] for name in names}})
      >>> [axes.get_title("left") for axes in page.axes]
      ['Loss', 'Learning rate', 'Norm of the gradient', 'Clipped steps']
    """
    if not runs or not all(len(columns["step"]) for columns in runs.values()):
        raise ValueError("each run must have one step or more.")
    with house():
        page = figure(10, 7)
        grid = page.add_gridspec(2, 3, height_ratios=(3, 2))
        loss = page.add_subplot(grid[0, :])
        lower = [page.add_subplot(grid[1, column]) for column in range(3)]
        _losses(loss, runs, floor)
        for axes, column, words in zip(
            lower,
            ("lr", "grad_norm", "clipped_share"),
            ("Learning rate", "Norm of the gradient", "Clipped steps"),
            strict=True,
        ):
            axes.set_title(words)
            axes.set_xlabel("step")
            for (_, columns), color in zip(runs.items(), _colors(runs), strict=True):
                x, y = columns["step"], columns[column]
                if column == "grad_norm":
                    _curve(axes, x, y, color, len(runs) == 1)
                else:
                    line(axes, x, y, color=color, linewidth=1.5)
        lower[0].set_ylim(bottom=0)
        lower[1].set_yscale("log")
        lower[2].set_ylim(0, 1)
        lower[2].set_ylabel("share so far")
        page.suptitle(title or ", ".join(runs), x=0.01, ha="left", fontsize=12)
    return page


def _losses(axes: Axes, runs: Mapping[str, Columns], floor: float | None) -> None:
    axes.set_title("Loss")
    axes.set_xlabel("step")
    axes.set_ylabel("nats a token")
    names = short_names(list(runs))
    for name, columns, color in zip(names, runs.values(), _colors(runs), strict=True):
        is_alone = len(runs) == 1
        if is_alone:
            _curve(axes, columns["step"], columns["loss"], color, True, "in training")
            line(
                axes,
                columns["eval_step"],
                columns["train_loss"],
                color=GREEN,
                linewidth=1.5,
                label="training text, evaluated",
            )
        line(
            axes,
            columns["eval_step"],
            columns["val_loss"],
            color=ORANGE if is_alone else color,
            linewidth=2,
            label="validation text" if is_alone else name,
        )
    if floor is not None:
        axes.axhline(floor, color=INK, linestyle="--", linewidth=1, label="floor")
    axes.legend(fontsize=SMALL)


def _curve(
    axes: Axes,
    x: Values,
    y: Values,
    color: str,
    is_alone: bool,
    label: str | None = None,
) -> None:
    """A curve, smoothed; where it is alone, the raw one pale behind it."""
    window = min(2 * (len(finite(x)) // 40) + 1, _WIDEST)
    if is_alone and window > 1:
        line(axes, x, y, color=GREY, linewidth=0.6, alpha=0.5)
    smooth = moving_median(y, window)
    line(axes, x, smooth, color=color, linewidth=1.5, label=label)


def _colors(runs: Mapping[str, Columns]) -> Sequence[str]:
    return [_SHADES[i % len(_SHADES)] for i in range(len(runs))]
