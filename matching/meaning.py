"""Meaning: how near two short texts are, as a share from 0 (unrelated) to 1 (the same skill).

A cosine is not a share: unrelated skills sit near .05, one in a hundred of them above .35, and
*plombier* and *loodgieter* at .64. `calibrated` bends it by a logistic curve,

    share = 1 / (1 + exp(-slope · (cosine - middle)))

fitted on names of the starter vocabulary, with twenty pairs of different skills for each pair of
names of one skill (``scripts/train-reader`` prints it).
Whoever needs meaning takes the small protocol `Meaning`, so that another encoder can take the
place of this one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from matching import encoder, learned

Matrix = NDArray[np.float32]

_MIDDLE: Final = 0.41
_SLOPE: Final = 11.7


class Meaning(Protocol):
    """What the engine asks of an encoder."""

    def vectors(self, texts: Sequence[str]) -> Matrix:
        """Return unit rows, shape (n, dimensions); a zero row for a text without words."""
        ...

    def calibrated(self, cosines: Matrix) -> Matrix:
        """Return the share, 0 to 1, that two texts with this cosine name the same skill."""
        ...


class EncoderMeaning:
    """The project's own `Meaning`: the encoder of this process, turned by what was learned.

    Two phrases are turned alike, so their cosine is symmetric. The turn brings Dutch, French and
    English words for one skill nearer: of French needs, it finds the Dutch helper among the
    first five for half, where the bare encoder finds .46 (``benchmarks reading``).

    Examples
    --------
    >>> meaning = EncoderMeaning()
    >>> fr, nl, other = meaning.vectors(["plombier", "loodgieter", "yoga"])
    >>> near, far = meaning.calibrated(np.array([fr @ nl, fr @ other]))
    >>> bool(near > 0.7), bool(far < 0.2)
    (True, True)
    """

    def vectors(self, texts: Sequence[str]) -> Matrix:
        """Return unit rows, shape (n, 512), float32."""
        return learned.shared().turned(encoder.shared().vectors(texts))

    def calibrated(self, cosines: Matrix) -> Matrix:
        """Return the share for each cosine, same shape."""
        return calibrated(cosines)


def calibrated(cosines: Matrix) -> Matrix:
    """Return the share, 0 to 1, that texts with these cosines name the same skill.

    Parameters
    ----------
    cosines : ndarray of any shape
        Products of rows of `EncoderMeaning.vectors`. A cosine of 0 or less is a share of 0, so
        that a text without words is near nothing.

    Examples
    --------
    >>> [round(float(s), 2) for s in calibrated(np.array([-0.2, 0.0, 1.0], dtype=np.float32))]
    [0.0, 0.0, 1.0]
    """
    shares = 1 / (1 + np.exp(-_SLOPE * (np.asarray(cosines, dtype=np.float32) - _MIDDLE)))
    found: Matrix = np.where(cosines > 0, shares, 0).astype(np.float32)
    return found
