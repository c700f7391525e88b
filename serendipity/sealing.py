"""Sealing: what a kiosk keeps while the line is down, closed so that nobody at the door reads it.

A kiosk and the service agree at pairing: the kiosk makes a P-256 key to sign with and gives the
public half; the service gives the public half of a key that it makes anew, whenever it needs it,
from the installation's secret and the kiosk's id. Each check-in is closed for the service with a
key of its own (ECDH with a key thrown away at once, HKDF-SHA256, AES-256-GCM): the tablet cannot
open what it keeps, and whoever takes it finds bytes of equal length. It signs (ECDSA, SHA-256) the
id, the time and the closed words, so that none can be changed or moved to another time.

    sealed = the throw-away public key (65 bytes) · nonce (12) · ciphertext and tag

`cryptography` is imported where it is used: a web process needs it only after an outage.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import Any

from serendipity.errors import Invalid

INFO = b"serendipity kept check-in"
POINT, NONCE, HALF = 65, 12, 32
# The order of P-256 (FIPS 186-4, D.1.2.3): a private key is a number from 1 to this less one.
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class NotSealed(Invalid):
    """Bytes that nobody closed for this kiosk, or that were changed since. Fact: field."""


class BadKey(Invalid):
    """Not a public key of P-256. Fact: field."""


def service_key(secret: str, kiosk: str) -> str:
    """The public key for which this kiosk closes what it keeps, as base64url."""
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415

    public = _private_key(secret, kiosk).public_key()
    encoding = serialization.Encoding.X962
    return encode(public.public_bytes(encoding, serialization.PublicFormat.UncompressedPoint))


def checked_key(given: str) -> str:
    """The public key that a kiosk says it signs with.

    Raises
    ------
    BadKey
        It is none.
    """
    try:
        _public_key(decode(given))
    except (ValueError, NotSealed) as error:
        raise BadKey(field="key") from error
    return given


def check_signature(device_key: str, signature: str, message: bytes) -> None:
    """That the kiosk with this key said so.

    Raises
    ------
    NotSealed
        It did not.
    """
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.utils import (  # noqa: PLC0415
        encode_dss_signature,
    )

    plain = decode(signature)
    r, s = int.from_bytes(plain[:HALF], "big"), int.from_bytes(plain[HALF:], "big")
    try:
        key = _public_key(decode(device_key))
        key.verify(encode_dss_signature(r, s), message, _ecdsa())
    except (InvalidSignature, ValueError) as error:
        raise NotSealed(field="signature") from error


def opened(secret: str, kiosk: str, sealed: str, about: bytes) -> bytes:
    """What the kiosk closed, given what it was closed about (its id and time).

    Raises
    ------
    NotSealed
        Not closed for this kiosk, not about this, or changed.
    """
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415

    plain = decode(sealed)
    point, nonce, closed = plain[:POINT], plain[POINT : POINT + NONCE], plain[POINT + NONCE :]
    try:
        shared = _private_key(secret, kiosk).exchange(ec.ECDH(), _public_key(point))
        return AESGCM(_derived(shared, point)).decrypt(nonce, closed, about)
    except (InvalidTag, ValueError) as error:
        raise NotSealed(field="sealed") from error


def encode(plain: bytes) -> str:
    return base64.urlsafe_b64encode(plain).decode().rstrip("=")


def decode(given: str) -> bytes:
    """base64url as browsers and we write it. Raises NotSealed."""
    try:
        return base64.b64decode(given + "=" * (-len(given) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise NotSealed(field="sealed") from error


def _private_key(secret: str, kiosk: str) -> Any:
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    seed = hmac.digest(secret.encode(), f"serendipity seal {kiosk}".encode(), "sha512")
    return ec.derive_private_key(int.from_bytes(seed, "big") % (ORDER - 1) + 1, ec.SECP256R1())


def _public_key(point: bytes) -> Any:
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)


def _ecdsa() -> Any:
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    return ec.ECDSA(hashes.SHA256())


def _derived(shared: bytes, salt: bytes) -> bytes:
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF  # noqa: PLC0415

    return HKDF(hashes.SHA256(), length=32, salt=salt, info=INFO).derive(shared)
