"""Plane: where each concept of a vocabulary lies, so that what is akin lies close together.

A concept's row says two things: what its names mean in all languages (the centroid of its rows, see
`matching.index`), and what those of its family mean together, or of all with the same broader
concept where there are no families. Of these rows the two principal directions are kept. That is
the plane on which they differ most; on it, skills of different families that mean something similar
lie near each other.

Two directions of many say little of any one pair, and enough for where a table stands. t-SNE brings
near pairs a twentieth closer on the floor of the skill map, for a minute of work instead of a
second, and not the same on every machine.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from matching import encoder
from matching.vocabulary import Vocabulary

Rows = NDArray[np.float64]
Place = tuple[int, int]
# Places are told in thousandths of a unit row: enough to tell 14,000 concepts apart.
_SCALE: Final = 1000


def places(vocabulary: Vocabulary) -> dict[str, Place]:
    """Return the place of each concept: concept id → (x, y), in thousandths.

    The same vocabulary gives the same places, to the last thousandth or so on another machine. A
    vocabulary of one concept has it at (0, 0).

    Raises
    ------
    ValueError
        When there is no concept.
    """
    own = _unit(vocabulary.placed().centroid(np.arange(len(vocabulary))).astype(np.float64))
    with encoder.one_thread():
        along = principal(np.hstack([own, _of_kin(vocabulary, own)]))
    found = np.rint(_SCALE * along).astype(int)
    return {one.id: (int(x), int(y)) for one, (x, y) in zip(vocabulary, found, strict=True)}


def principal(rows: Rows) -> Rows:
    """Return the coordinates of rows along the two directions in which they differ most.

    Parameters
    ----------
    rows : ndarray of shape (n, dimensions), n ≥ 1 and dimensions ≥ 2

    Returns
    -------
    ndarray of shape (n, 2)
        The largest part of each direction is positive: the sign, which no decomposition promises,
        is always the same.

    Examples
    --------
    >>> principal(np.array([[0.0, 3.0], [0.0, -3.0], [1.0, 0.0], [-1.0, 0.0]])).tolist()
    [[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]]
    """
    centred = rows - rows.mean(axis=0)
    _, directions = np.linalg.eigh(centred.T @ centred)
    two = directions[:, :-3:-1]
    two = two * np.sign(two[np.abs(two).argmax(axis=0), [0, 1]])
    found: Rows = centred @ two
    return found + 0.0  # no minus zero


def _of_kin(vocabulary: Vocabulary, own: Rows) -> Rows:
    """The mean of each concept's family, or of those with the same broader concept."""
    kin: dict[str, list[int]] = {}
    for position, concept in enumerate(vocabulary):
        name = concept.family or next(iter(concept.broader), concept.id)
        kin.setdefault(name, []).append(position)
    found = np.empty_like(own)
    for positions in kin.values():
        found[positions] = own[positions].mean(axis=0)
    return _unit(found)


def _unit(rows: Rows) -> Rows:
    found: Rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return found
