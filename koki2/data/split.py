"""Which documents are for training, validation and test: by what they hold, not where.

Documents are ordered by SHA-256 and dealt by quota, so that neither the name of a file
nor its place decides, and the same documents give the same parts in whatever order
they come. Equal documents go to the same part, each as often as it comes.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

PARTS = ("train", "validation", "test")
LEAST = 3
"""Different documents that a text must have, so that no part is empty."""


class Parts(NamedTuple):
    """Documents by what they are for, each part in the order of their hash."""

    train: tuple[bytes, ...]
    validation: tuple[bytes, ...]
    test: tuple[bytes, ...]


def deal(
    documents: Iterable[bytes], *, validation: float = 0.05, test: float = 0.05
) -> Parts:
    """Deals documents to training, validation and test by quota of bytes.

    In the order of its hash each goes to the part that has least of its quota, of those
    whose quota is not below its size; one that is above all quotas is trained on. A
    part left empty takes one of the part that has most documents: that whose size is
    nearest its quota, as a ratio. Blank documents are left out.

    Args:
      documents: in any order.
      validation: share of the bytes that is validated on; 0 leaves that part empty.
      test: share that is tested on; 0 leaves that part empty.

    Raises:
      ValueError: fewer different documents than parts, or shares that leave nothing
        to train on.

    Example:
      >>> parts = deal([b"%d" % i for i in range(10)], validation=0.2, test=0.1)
      >>> [len(part) for part in parts]
      [7, 2, 1]
    """
    if validation < 0 or test < 0 or validation + test >= 1:
        raise ValueError(
            "the shares of validation and test must be at least 0 and together below "
            f"1, got {validation} and {test}."
        )
    shares = {"train": 1 - validation - test, "validation": validation, "test": test}
    shares = {name: share for name, share in shares.items() if share > 0}
    copies = by_hash(documents)
    if len(copies) < len(shares):
        raise ValueError(
            f"a text must have at least {len(shares)} different documents, one for "
            f"each part, got {len(copies)}."
        )
    size = {key: sum(map(len, same)) for key, same in copies.items()}
    quota = {name: share * sum(size.values()) for name, share in shares.items()}
    dealt: dict[str, list[str]] = {name: [] for name in shares}
    filled = dict.fromkeys(shares, 0)
    for key in copies:
        fits = [name for name in shares if size[key] <= quota[name]] or ["train"]
        name = min(fits, key=lambda name: filled[name] / quota[name])
        dealt[name].append(key)
        filled[name] += size[key]
    for name in shares:
        if not dealt[name]:
            ratio = lambda key, q=quota[name]: max(size[key] / q, q / size[key])
            donor = max(dealt.values(), key=len)
            taken = min(donor, key=ratio)
            donor.remove(taken)
            dealt[name].append(taken)
    of = lambda name: _flat(copies[key] for key in dealt.get(name, ()))
    return Parts(train=of("train"), validation=of("validation"), test=of("test"))


def with_validation(parts: Parts, documents: Iterable[bytes]) -> Parts:
    """Puts other documents in the place of the validation part.

    Those of training and test that equal one of them leave their part.

    Raises:
      ValueError: there are none, or no document is left to train on, since all are
        among those.

    Example:
      >>> parts = deal([b"a", b"b", b"c"], validation=0.0, test=0.0)
      >>> [len(part) for part in with_validation(parts, [b"c", b"d"])]
      [2, 2, 0]
    """
    copies = by_hash(documents)
    if not copies:
        raise ValueError("the validation text must hold something, got none.")
    left = [
        tuple(document for document in part if _hash(document) not in copies)
        for part in (parts.train, parts.test)
    ]
    if not left[0]:
        raise ValueError(
            "the validation text must differ from the training text, but all that is "
            "trained on is in it."
        )
    return Parts(train=left[0], validation=_flat(copies.values()), test=left[1])


def by_hash(documents: Iterable[bytes]) -> Mapping[str, Sequence[bytes]]:
    """Documents that are not blank, in the order of their hash, with their copies.

    Example:
      >>> [len(same) for same in by_hash([b"a", b"b", b"a", b" "]).values()]
      [1, 2]
    """
    found: dict[str, list[bytes]] = {}
    for document in documents:
        if document.strip():
            found.setdefault(_hash(document), []).append(document)
    return dict(sorted(found.items()))


def _hash(document: bytes) -> str:
    return hashlib.sha256(document).hexdigest()


def _flat(groups: Iterable[Sequence[bytes]]) -> tuple[bytes, ...]:
    return tuple(document for same in groups for document in same)
