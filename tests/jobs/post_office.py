"""A post office for tests: a real SMTP server on this machine that can misbehave on demand."""

from __future__ import annotations

import asyncio
import email
import socket
import ssl
import threading
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller


class Office:
    """What the server received, and what it should say instead of yes."""

    def __init__(self) -> None:
        self.received: list[EmailMessage] = []
        self.to_sender = self.to_recipient = self.to_data = ""
        self.hangs = threading.Event()  # set: DATA is taken in and the line breaks
        self.never_answers = threading.Event()
        self.slow_to_recipient = threading.Event()
        self.reached_data = threading.Event()

    async def handle_MAIL(  # noqa: N802 (aiosmtpd's names)
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.to_sender or "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        while self.slow_to_recipient.is_set():
            await asyncio.sleep(0.05)
        if self.to_recipient:
            return self.to_recipient
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.to_data:
            return self.to_data
        message = email.message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.received.append(message)
        self.reached_data.set()
        if self.hangs.is_set():
            server.transport.abort()
        while self.never_answers.is_set():
            await asyncio.sleep(0.05)
        return "250 taken"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


class Open:
    """The office with its door open: `with Open() as (office, url)`."""

    def __init__(self, certificate: Path | None = None, **options: Any) -> None:
        self.office = Office()
        if certificate:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(certificate)
            options["tls_context"] = context
        self.controller = Controller(self.office, hostname="127.0.0.1", port=free_port(), **options)

    def __enter__(self) -> tuple[Office, str]:
        self.controller.start()
        return self.office, f"smtp://127.0.0.1:{self.controller.port}"

    def __exit__(self, *_: object) -> None:
        self.controller.stop()


class Cutting:
    """A server that takes every letter whole, answers with these bytes, and hangs up."""

    def __init__(self, answer: bytes) -> None:
        self.answer, self.bodies = answer, 0
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"smtp://127.0.0.1:{self.socket.getsockname()[1]}"
        self.thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Cutting:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.shutdown(socket.SHUT_RDWR)  # wakes who waits in accept
        self.socket.close()
        self.thread.join()

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self.socket.accept()
            except OSError:
                return
            with line, line.makefile("rwb", buffering=0) as words:
                self._converse(words)

    def _converse(self, words: Any) -> None:
        words.write(b"220 here\r\n")
        for command in iter(words.readline, b""):
            if command.upper().startswith(b"DATA"):
                words.write(b"354 go on\r\n")
                for part in iter(words.readline, b""):
                    if part == b".\r\n":
                        break
                self.bodies += 1
                words.write(self.answer)
                return
            words.write(b"250 fine\r\n")
