"""A kiosk's browser, in Python: closes and signs as static/js/seal.js does."""

from __future__ import annotations

import json
import os
import uuid
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from serendipity import sealing
from serendipity.kept import Event

RAW = (serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
SAID = {
    "name": "Awa Diallo",
    "email": "awa@example.org",
    "skills": "Illustration, screen printing",
    "need": "",
    "until": "",
    "here_today": False,
    "by_mail": False,
    "other_lieux": False,
    "language": "en",
}


class Tablet:
    """What one kiosk's browser holds: its key to sign, and the service's public key."""

    def __init__(self, service_key: str = "") -> None:
        self.signs = ec.generate_private_key(ec.SECP256R1())
        self.service_key = service_key

    @property
    def shown(self) -> str:
        return sealing.encode(self.signs.public_key().public_bytes(*RAW))

    def keep(self, at: datetime, **said: Any) -> Event:
        event, stamp = str(uuid.uuid4()), round(at.timestamp() * 1000)
        closed = self.closed(json.dumps({**SAID, **said}).encode(), f"{event}.{stamp}".encode())
        return self.signed(event, stamp, closed)

    def signed(self, event: str, at: int, sealed: str) -> Event:
        message = f"{event}.{at}.{sealed}".encode()
        r, s = decode_dss_signature(self.signs.sign(message, ec.ECDSA(hashes.SHA256())))
        return Event(
            event, at, sealed, sealing.encode(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
        )

    def closed(self, plain: bytes, about: bytes) -> str:
        once = ec.generate_private_key(ec.SECP256R1())
        point = once.public_key().public_bytes(*RAW)
        theirs = ec.EllipticCurvePublicKey.from_encoded_point(
            ec.SECP256R1(), sealing.decode(self.service_key)
        )
        shared = once.exchange(ec.ECDH(), theirs)
        key = HKDF(hashes.SHA256(), length=32, salt=point, info=sealing.INFO).derive(shared)
        nonce = os.urandom(12)
        return sealing.encode(point + nonce + AESGCM(key).encrypt(nonce, plain, about))
