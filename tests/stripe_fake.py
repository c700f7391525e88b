"""Stripe, as far as we use it: a real HTTP server with its API, its hosted page and its webhooks.

Money is counted as Stripe counts it: an idempotency key answers once and again the same, with other
parameters it is an error; nobody is refunded more than they paid. What it tells is signed as Stripe
signs (`t=…,v1=HMAC-SHA256`), and told when a test says so, as often and in whatever order.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import re
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

SECRET_KEY, WEBHOOK_SECRET = "sk_test_local", "whsec_local"  # noqa: S105 - of a fake
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Pay</title></head>
<body><main><h1>{name}</h1><p>{amount} {currency}</p>
<form method="post"><button name="card" value="4242">Pay</button></form>
<p><a href="{cancel_url}">Back</a></p></main></body></html>"""


@dataclass
class FakeStripe:
    """The account: sessions, refunds, and how often each thing was asked."""

    sessions: dict[str, dict[str, Any]] = field(default_factory=dict)
    refunds: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers: dict[str, tuple[dict[str, str], dict[str, Any]]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    fail_next: list[int] = field(default_factory=list)  # statuses to answer instead
    tell: str = ""  # where news goes when somebody pays on the page
    url: str = ""
    numbers: Any = field(default_factory=lambda: itertools.count(1))
    lock: Any = field(default_factory=threading.RLock)

    # --- the API ----------------------------------------------------------------------------

    def answer(self, method: str, path: str, given: dict[str, str], key: str) -> tuple[int, Any]:
        with self.lock:
            self.asked.append((path, given))
            if self.fail_next:
                status = self.fail_next.pop(0)
                return status, _error("api_error", "not now")
            if key and key in self.answers:
                before, answer = self.answers[key]
                if before != given:
                    return 400, _error("idempotency_error", "the key was used for something else")
                return 200, answer
            status, answer = self._do(method, path, given)
            if key and status == 200:
                self.answers[key] = (given, answer)
            return status, answer

    def _do(self, method: str, path: str, given: dict[str, str]) -> tuple[int, Any]:
        if path == "/v1/checkout/sessions":
            return self._open(given)
        if path == "/v1/refunds":
            return self._refund(given)
        found = re.fullmatch(r"/v1/checkout/sessions/(\w+)(/expire)?", path)
        session = self.sessions.get(found[1]) if found else None
        if found is None or session is None:
            return 404, _error("resource_missing", "no such session")
        if found[2]:
            if session["status"] != "open":
                return 400, _error("checkout_session_not_open", "it is not open")
            session["status"] = "expired"
        return 200, session

    def _open(self, given: dict[str, str]) -> tuple[int, Any]:
        amount = int(given["line_items[0][price_data][unit_amount]"])
        if amount < 50 or int(given["expires_at"]) < 0:
            return 400, _error("amount_too_small", "too little")
        number = next(self.numbers)
        session = {
            "id": f"cs_test_{number}",
            "object": "checkout.session",
            "status": "open",
            "payment_status": "unpaid",
            "payment_intent": None,
            "amount_total": amount,
            "currency": given["line_items[0][price_data][currency]"],
            "name": given["line_items[0][price_data][product_data][name]"],
            "metadata": {"payment": given["metadata[payment]"]},
            "success_url": given["success_url"],
            "cancel_url": given["cancel_url"],
            "url": f"{self.url}/pay/cs_test_{number}",
        }
        self.sessions[session["id"]] = session
        return 200, session

    def _refund(self, given: dict[str, str]) -> tuple[int, Any]:
        intent, amount = given["payment_intent"], int(given["amount"])
        paid = [one for one in self.sessions.values() if one["payment_intent"] == intent]
        if not paid:
            return 404, _error("resource_missing", "no such payment")
        before = sum(one["amount"] for one in self.refunds.values() if one["of"] == intent)
        if before + amount > paid[0]["amount_total"]:
            return 400, _error("charge_already_refunded", "more than was paid")
        number = next(self.numbers)
        refund = {
            "id": f"re_{number}",
            "object": "refund",
            "amount": amount,
            "of": intent,
            "status": "succeeded",
            "metadata": {"refund": given["metadata[refund]"]},
        }
        self.refunds[refund["id"]] = refund
        return 200, refund

    def back(self) -> int:
        """All that went back to cards, in cents."""
        return sum(one["amount"] for one in self.refunds.values())

    # --- the person, and the news -----------------------------------------------------------

    def pay(self, session_id: str) -> dict[str, Any]:
        """Somebody pays on the page; nobody is told yet."""
        with self.lock:
            session = self.sessions[session_id]
            assert session["status"] == "open", "Stripe takes no money on a page that is closed"
            session.update(
                status="complete", payment_status="paid", payment_intent=f"pi_{session_id}"
            )
            return session

    def news(self, kind: str, told: dict[str, Any], event_id: str = "") -> bytes:
        """An event as Stripe writes it."""
        event = {
            "id": event_id or f"evt_{next(self.numbers)}",
            "object": "event",
            "api_version": "2026-01-01",
            "type": kind,
            "data": {"object": told},
        }
        return json.dumps(event).encode()


def _error(code: str, message: str) -> dict[str, Any]:
    return {"error": {"type": "invalid_request_error", "code": code, "message": message}}


def signature(payload: bytes, *, secret: str = WEBHOOK_SECRET, age: int = 0) -> str:
    """The header that proves who speaks; `age` seconds old."""
    at = int(time.time()) - age
    signed = hmac.new(secret.encode(), f"{at}.".encode() + payload, hashlib.sha256).hexdigest()
    return f"t={at},v1={signed}"


def serve() -> tuple[FakeStripe, ThreadingHTTPServer]:
    """Stripe at a port of its own; shut the server down when done."""
    fake = FakeStripe()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith("/pay/"):
                session = fake.sessions[self.path.removeprefix("/pay/")]
                amount = f"{session['amount_total'] / 100:.2f}"
                page = PAGE.format(**session, amount=amount)
                self._say(200, page.encode(), "text/html")
            else:
                self._answer("GET")

        def do_POST(self) -> None:
            if self.path.startswith("/pay/"):
                self._pay(self.path.removeprefix("/pay/"))
            else:
                self._answer("POST")

        def _answer(self, method: str) -> None:
            if self.headers.get("Authorization") != f"Bearer {SECRET_KEY}":
                self._say(401, json.dumps(_error("unauthorized", "who are you?")).encode())
                return
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            key = self.headers.get("Idempotency-Key", "") if method == "POST" else ""
            status, said = fake.answer(method, self.path, dict(parse_qsl(body)), key)
            self._say(status, json.dumps(said).encode())

        def _pay(self, session_id: str) -> None:
            session = fake.pay(session_id)
            if fake.tell:
                payload = fake.news("checkout.session.completed", session)
                threading.Thread(target=post, args=(fake.tell, payload), daemon=True).start()
            self.send_response(303)
            self.send_header("Location", session["success_url"])
            self.end_headers()

        def _say(self, status: int, body: bytes, kind: str = "application/json") -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Stripe-Should-Retry", "false")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return fake, server


def post(url: str, payload: bytes) -> int:
    """Tell somebody the news, signed; what they answered."""
    request = urllib.request.Request(  # noqa: S310 - of our own machine
        url, payload, {"Stripe-Signature": signature(payload), "Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
