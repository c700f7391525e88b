"""Claims about nearness of meaning."""

from __future__ import annotations

import numpy as np
import pytest

from matching import learned
from matching.meaning import EncoderMeaning, calibrated


@pytest.fixture(scope="module")
def meaning() -> EncoderMeaning:
    return EncoderMeaning()


def test_rows_are_unit_and_a_text_without_words_is_zero(meaning: EncoderMeaning) -> None:
    rows = meaning.vectors(["plombier", "🎉", "", "a" * 10_000, "\ud800 vélo"])
    assert rows.shape == (5, 512)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), [1, 0, 0, 1, 1], atol=1e-4)


@pytest.mark.parametrize(
    ("one", "same", "other"),
    [
        ("plombier", "loodgieter", "comptable"),
        ("comptable", "accountant", "plombier"),
        ("réparer un vélo", "fietsen herstellen", "donner des cours de piano"),
        ("site web", "website maken", "menuiserie"),
    ],
)
def test_one_skill_in_two_languages_is_nearer_than_another_skill(
    meaning: EncoderMeaning, one: str, same: str, other: str
) -> None:
    a, b, c = meaning.vectors([one, same, other])
    shares = meaning.calibrated(np.array([a @ b, a @ c], dtype=np.float32))
    assert shares[0] > 0.7
    assert shares[1] < 0.3


def test_shares_rise_with_the_cosine_from_zero_to_one() -> None:
    shares = calibrated(np.linspace(-1, 1, 41, dtype=np.float32))
    assert np.all(np.diff(shares) >= 0)
    assert shares[20] == 0
    assert 0.99 < shares[-1] <= 1


def test_a_text_is_the_same_alone_and_in_a_batch(meaning: EncoderMeaning) -> None:
    together = meaning.vectors(["poterie", "céramique", "poterie"])
    fresh = learned.shared().turned(EncoderMeaning().vectors(["tournage sur bois"]))
    assert fresh.shape == (1, 512)
    np.testing.assert_allclose(together[0], together[2], atol=1e-6)
    np.testing.assert_allclose(together[0], meaning.vectors(["poterie"])[0], atol=1e-4)


def test_the_shipped_weights_agree_with_the_features() -> None:
    weights = learned.shared()
    f = len(learned.FEATURES)
    assert weights.left.shape[0] == weights.right.shape[1] == 512
    assert weights.centre.shape == weights.spread.shape == weights.skip.shape == (f,)
    assert weights.hidden.shape == (f, len(weights.out))
    assert learned.FILE.stat().st_size < 600_000


def test_the_order_of_chances_is_the_order_of_scores() -> None:
    weights = learned.shared()
    random = np.random.default_rng(0)
    for _ in range(50):
        features = random.random((30, len(learned.FEATURES))).astype(np.float32)
        scores = weights.scores(features)
        chances = weights.chances(scores, features)
        assert np.array_equal(np.argsort(scores), np.argsort(chances))
