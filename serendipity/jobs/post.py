"""Post: the ways a letter leaves. SMTP over TLS, or a file in the instance folder.

A way out has three steps, because of what must be committed between them: `announce` (the server
is there and takes this recipient), then the caller commits `sending`, then `hand_over` (DATA). It
says how a step failed in three words: `Later` and `Never`, when the letter has certainly not left,
and `Unknown`, when nobody can tell.

A file is written under the letter's own stable name and only if no such file exists, so this way
out sends a letter once even when a machine dies between any two steps, and can tell afterwards.
"""

from __future__ import annotations

import contextlib
import os
import smtplib
import ssl
import tempfile
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import unquote, urlsplit

from serendipity.config import Settings
from serendipity.errors import ConfigurationError, SerendipityError

SECONDS: Final = 60
LOOPBACK: Final = {"localhost", "127.0.0.1", "::1"}


class Later(SerendipityError):
    """It has not left; try again after a while. Fact: why."""


class Never(SerendipityError):
    """It has not left, and this letter never will. Fact: why."""


class Unknown(SerendipityError):
    """It may have left or not. Fact: why."""


class Post(Protocol):
    """A way out."""

    def announce(self, *, sender: str, recipient: str) -> None:
        """Say who writes to whom; raises Later or Never."""

    def hand_over(self, message: bytes, *, name: str) -> None:
        """Hand the letter over, under its stable name; raises Later, Never or Unknown."""

    def has_left(self, name: str) -> bool | None:
        """Whether a letter whose end nobody recorded has left; None when nobody can tell."""

    def close(self) -> None:
        """Hang up."""


def way_out(settings: Settings) -> Post:
    """The way out that the settings name.

    Raises
    ------
    ConfigurationError
        smtp_url is not an address of a mail server.
    """
    if settings.smtp_url:
        return SmtpPost(settings.smtp_url)
    return FilePost(settings.instance / "mail")


class FilePost:
    """Each letter is a file; the demo, the tests and a first evening need no server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def announce(self, *, sender: str, recipient: str) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Later(why=f"{self.folder}: {error.strerror}") from error

    def hand_over(self, message: bytes, *, name: str) -> None:
        """The file appears whole, or not at all, or was there already: then it has left before."""
        try:
            handle, draft = tempfile.mkstemp(dir=self.folder, prefix=".draft-")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(message)
                    file.flush()
                    os.fsync(file.fileno())
                with contextlib.suppress(FileExistsError):
                    os.link(draft, self.folder / f"{name}.eml")  # like O_EXCL, and whole
            finally:
                os.unlink(draft)
            _sync_folder(self.folder)
        except OSError as error:
            raise Later(why=f"{self.folder}: {error.strerror}") from error

    def has_left(self, name: str) -> bool | None:
        return (self.folder / f"{name}.eml").exists()

    def close(self) -> None:
        """Nothing is open."""


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class SmtpPost:
    """One connection to a mail server, opened when the first letter goes and kept for the next."""

    def __init__(self, url: str, *, context: ssl.SSLContext | None = None) -> None:
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            port = 0
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname or port == 0:
            raise ConfigurationError(
                why="smtp_url must be smtp://USER:PASSWORD@HOST:587 or smtps://HOST:465"
            )
        self.host = parts.hostname
        self.implicit = parts.scheme == "smtps"
        self.port = port or (465 if self.implicit else 587)
        self.user, self.password = unquote(parts.username or ""), unquote(parts.password or "")
        self.context = context or ssl.create_default_context()
        self._server: smtplib.SMTP | None = None

    def announce(self, *, sender: str, recipient: str) -> None:
        server = self._connected()
        try:
            options = [] if recipient.isascii() else ["SMTPUTF8"]
            sender_taken = server.mail(sender, options)
            if sender_taken[0] != 250:  # our own settings, not this letter: it will be mended
                self._forget_envelope()
                raise Later(why=f"sender refused: {_Told(*sender_taken).meaning()}")
            _must(server.rcpt(recipient), 250, 251)
        except _Told as told:
            self._forget_envelope()
            raise told.meaning() from told
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            raise Later(why=f"{self.host}: {error}") from error

    def hand_over(self, message: bytes, *, name: str) -> None:
        server = self._server  # the one that took the envelope, or nothing
        if server is None:
            raise Later(why="not announced")
        try:
            code, line = server.data(message)
            if code // 100 not in (2, 4, 5):  # half an answer: "25" of "250" is read as a code, too
                raise smtplib.SMTPServerDisconnected(f"half an answer: {code}")
            _must((code, line), *range(200, 300))
        except _Told as told:
            self._forget_envelope()
            raise told.meaning() from told
        except smtplib.SMTPDataError as error:  # it did not answer DATA with 354: not a byte left
            self._forget_envelope()
            raise _Told(error.smtp_code, error.smtp_error).meaning() from error
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            raise Unknown(why=f"the connection broke after DATA: {error}") from error

    def has_left(self, name: str) -> bool | None:
        return None

    def close(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            with contextlib.suppress(smtplib.SMTPException, OSError):
                server.quit()
            server.close()

    def _forget_envelope(self) -> None:
        if self._server is not None:
            try:
                self._server.rset()
            except (smtplib.SMTPException, OSError):
                self.close()

    def _connected(self) -> smtplib.SMTP:
        if self._server is not None and not self._is_alive(self._server):
            self.close()  # it hung up while nothing was to be sent
        if self._server is None:
            try:
                self._server = self._opened()
            except smtplib.SMTPAuthenticationError as error:
                raise Later(why=f"{self.host} refuses the name or password") from error
            except (smtplib.SMTPException, OSError) as error:
                raise Later(why=f"{self.host}:{self.port}: {error}") from error
        return self._server

    @staticmethod
    def _is_alive(server: smtplib.SMTP) -> bool:
        try:
            return server.noop()[0] == 250
        except (smtplib.SMTPException, OSError):
            return False

    def _opened(self) -> smtplib.SMTP:
        if self.implicit:
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                self.host, self.port, timeout=SECONDS, context=self.context
            )
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=SECONDS)
        try:
            server.ehlo_or_helo_if_needed()
            if not self.implicit:
                self._secure(server)
            if self.user:
                server.login(self.user, self.password)
        except BaseException:
            server.close()
            raise
        return server

    def _secure(self, server: smtplib.SMTP) -> None:
        """STARTTLS, always; only a mail server on this very machine may do without."""
        if server.has_extn("starttls"):
            server.starttls(context=self.context)
            server.ehlo()
        elif self.host not in LOOPBACK:
            raise smtplib.SMTPNotSupportedError("the server offers no STARTTLS")


def _must(answer: tuple[int, bytes], *codes: int) -> None:
    if answer[0] not in codes:
        raise _Told(*answer)


class _Told(smtplib.SMTPException):
    """The server's own words: a code and a line."""

    def __init__(self, code: int, line: bytes | str) -> None:
        super().__init__(code, line)
        self.code = code
        self.line = line.encode() if isinstance(line, str) else line

    def meaning(self) -> Later | Never:
        """4xx is for later, 5xx is for ever."""
        why = f"{self.code} {self.line.decode('utf-8', 'replace')}".strip()
        return Never(why=why) if 500 <= self.code < 600 else Later(why=why)
