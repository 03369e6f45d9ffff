"""Repetition: how much of a text stood in it before, as text of models often does."""

from collections.abc import Sequence


def repeat_rate(tokens: Sequence[int], n: int) -> float:
    """Returns the share of a text's n-grams that stood in it before.

    Args:
      tokens: of one text.
      n: tokens of an n-gram, 1 or more.

    Returns:
      0 to 1; 0 for a text of fewer than n tokens.

    Raises:
      ValueError: n below 1.

    Example:
      >>> repeat_rate([1, 2, 3, 1, 2, 3], n=3)  # 123 231 312 123
      0.25
      >>> repeat_rate([7, 7, 7, 7, 7, 7], n=3), repeat_rate([1, 2], n=3)
      (0.75, 0.0)
    """
    if n < 1:
        raise ValueError(f"n must be >= 1, got {n}.")
    grams = [tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1)]
    return 1 - len(set(grams)) / len(grams) if grams else 0.0
