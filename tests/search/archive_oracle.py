"""The archive in twenty lines of NumPy: one row at a time, nothing clever."""

import jax
import jax.numpy as jnp
import numpy as np

from koki2.search.archive import ties

words, order = jax.jit(ties.words), jax.jit(ties.order)


def insert(archive: dict, batch: dict, cells: list[int]) -> dict:
    """The arrays of an archive after every row of a batch has knocked at its cell."""
    archive = {name: array.copy() for name, array in archive.items()}
    held, ours = worths(archive), worths(batch)
    for i, worth in enumerate(ours):
        if not np.isfinite([batch["fitness"][i], *batch["descriptor"][i]]).all():
            continue
        cell = cells[i]
        if cell < len(held) and (not archive["filled"][cell] or worth > held[cell]):
            held[cell] = worth
            for name in batch:
                archive[name][cell] = batch[name][i]
            archive["filled"][cell] = True
    return archive


def worths(rows: dict) -> list[tuple]:
    """What decides, in order: fitness (by its bits), age, hash."""
    hashed = words(jnp.asarray(rows["genome"]), jnp.asarray(rows["descriptor"]))
    level = order(jnp.asarray(rows["fitness"]))
    columns = (np.asarray(level), -rows["birth"], *np.asarray(hashed).T)
    return list(zip(*(column.tolist() for column in columns), strict=True))
