"""The worker reads words for the web while somebody types: quickly, or not at all."""

from __future__ import annotations

import json
import socket
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from serendipity import config, sockets
from serendipity.errors import ConfigurationError
from serendipity.jobs import listening


@dataclass
class One:
    concept_id: str
    p: float


class Reader:
    """Hears bicycles in everything."""

    def __init__(self) -> None:
        self.asked: list[tuple[object, bool]] = []
        self.may_answer = threading.Event()
        self.may_answer.set()

    def read_many(self, items, top=10, *, wanted=False):  # type: ignore[no-untyped-def]
        assert self.may_answer.wait(10)
        self.asked.append((items, wanted))
        return [[One("bikes", 0.3)] for _ in items]


@pytest.fixture
def settings(tmp_path: Path) -> config.Settings:
    return config.load({}, instance=tmp_path)


def question(*phrases: str) -> bytes:
    return json.dumps({"phrases": phrases, "language": "fr", "wanted": True}).encode()


def test_a_question_is_answered_with_concepts_and_probabilities(settings: config.Settings) -> None:
    reader = Reader()
    with listening.listening(settings, lambda: reader):
        path = sockets.reader_path(settings)
        assert path.stat().st_mode & 0o777 == 0o600
        answer = sockets.ask(path, question("mon vélo", "le tien"), within=5)
    assert answer is not None
    assert json.loads(answer) == [[["bikes", 0.3]], [["bikes", 0.3]]]
    assert reader.asked[-1] == ([("mon vélo", "fr"), ("le tien", "fr")], True)


@pytest.mark.parametrize("nonsense", [b"{", b"[]", b'{"phrases": 7}', b"\xff\xfe"])
def test_what_is_no_question_is_not_answered_and_stops_nobody(
    settings: config.Settings, nonsense: bytes
) -> None:
    with listening.listening(settings, Reader):
        path = sockets.reader_path(settings)
        assert sockets.ask(path, nonsense, within=5) is None
        assert sockets.ask(path, question("vélo"), within=5) is not None


def test_a_reader_that_is_busy_is_not_waited_for(settings: config.Settings) -> None:
    reader = Reader()
    reader.may_answer.clear()
    with listening.listening(settings, lambda: reader):
        began = time.monotonic()
        assert sockets.ask(sockets.reader_path(settings), question("vélo"), within=0.05) is None
        assert time.monotonic() - began < 1
        reader.may_answer.set()


def test_a_question_that_nobody_waits_for_any_more_is_not_read(settings: config.Settings) -> None:
    reader = Reader()
    with listening.listening(settings, lambda: reader):
        path = sockets.reader_path(settings)
        assert sockets.ask(path, question("the first"), within=5) is not None
        reader.may_answer.clear()
        for late in ("second", "third"):
            assert sockets.ask(path, question(late), within=0.05) is None
        reader.may_answer.set()
        assert sockets.ask(path, question("the last"), within=5) is not None
    heard = [items[0][0] for items, _ in reader.asked]
    assert "third" not in heard
    assert heard[-1] == "the last"


def test_nobody_listening_is_no_answer_at_once(settings: config.Settings) -> None:
    assert sockets.ask(sockets.reader_path(settings), question("vélo"), within=5) is None


def test_the_socket_goes_with_the_worker(settings: config.Settings) -> None:
    with listening.listening(settings, Reader):
        pass
    assert not sockets.reader_path(settings).exists()


def test_a_long_instance_path_gets_a_socket_of_ours_elsewhere(tmp_path: Path) -> None:
    settings = config.load({}, instance=tmp_path / ("long" * 30))
    path = sockets.path_of(settings, "live")
    assert len(str(path)) <= sockets.LONGEST
    with sockets.listening(path, socket.SOCK_SEQPACKET):
        assert path.parent.stat().st_mode & 0o077 == 0
    path.unlink()
    path.parent.rmdir()


def test_a_folder_of_somebody_else_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = tmp_path.stat().st_uid
    monkeypatch.setattr("os.geteuid", lambda: owner + 1)
    with pytest.raises(ConfigurationError, match="belongs to somebody else"):
        sockets.listening(tmp_path / "x.sock", socket.SOCK_SEQPACKET)
