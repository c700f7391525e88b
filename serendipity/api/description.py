"""Description: the OpenAPI document, printed from the declarations that check and answer."""

from __future__ import annotations

import re
from functools import cache
from typing import Annotated, Any, Final

import msgspec
from flask import Response, current_app
from msgspec import Meta

import serendipity
from serendipity.api.endpoints import ENDPOINTS, Endpoint, blueprint
from serendipity.api.shapes import Out
from serendipity.idempotency import LONGEST
from serendipity.web.access import access

REF: Final = "#/components/schemas/{name}"
READ_REFUSALS: Final = {
    400: "The request is broken.",
    401: "No token, or none that we know.",
    403: "Another token, or another role in the organisation, could do this.",
    404: "There is no such thing, or none that you may know of: the two answer alike.",
    422: "Something that was given cannot be right; `field` names it.",
    500: "Our mistake. Nothing was recorded.",
    503: "The database is busy. Nothing was recorded; try again.",
}
WRITE_REFUSALS: Final = {
    **READ_REFUSALS,
    409: "A rule said no, or the same request is being answered just now (`Retry-After`).",
    410: "It was right, but its time has passed.",
    413: "More than 64 KiB.",
    415: "The body is not application/json.",
    429: "Tried too often; `Retry-After` says when to come back.",
}
ABOUT: Final = """\
What members, organisations and concierges of a network do in a browser, for programs.

Send the token of `serendipity token create` as `Authorization: Bearer …`. Instants are RFC 3339 in
UTC; money is integer cents with its currency. A list that can grow comes in pages: pass `next` of
one page as `cursor` for the following one. Words are told in the language of `Accept-Language`,
else in the member's.

Each write takes an `Idempotency-Key`: the same request under the same key has one effect, and for
seven days the same answer. Another request under that key is refused. A refusal is not kept.
"""


class Problem(Out):
    """RFC 9457. Rules add the facts they know, such as `alternatives` of a taken room."""

    type: str
    title: str
    status: Annotated[int, Meta(ge=400, le=599)]
    detail: str = ""
    field: str = ""


@blueprint.get("/openapi.json")
@access("anyone")
def openapi() -> Response:
    """This document."""
    base = str(current_app.config["SETTINGS"].public_url).rstrip("/")
    body = msgspec.json.encode({**document(), "servers": [{"url": f"{base}/api/v1"}]})
    return Response(body, mimetype="application/json")


@cache
def document() -> dict[str, Any]:
    """The OpenAPI 3.1 document, but for where the service is."""
    shapes = [shape for one in ENDPOINTS for shape in (one.takes, one.query, one.answers) if shape]
    _, schemas = msgspec.json.schema_components([*shapes, Problem], ref_template=REF)
    paths: dict[str, dict[str, Any]] = {}
    for one in ENDPOINTS:
        path = re.sub(r"<(\w+)>", r"{\1}", one.rule)
        paths.setdefault(path, {})[one.method.lower()] = _operation(one, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Serendipity",
            "version": serendipity.__version__,
            "description": ABOUT,
            "license": {"name": "AGPL-3.0-or-later", "identifier": "AGPL-3.0-or-later"},
        },
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "responses": {"problem": _answer("A problem.", Problem, "application/problem+json")},
        },
    }


def _operation(one: Endpoint, schemas: dict[str, Any]) -> dict[str, Any]:
    refusals = WRITE_REFUSALS if one.writes else READ_REFUSALS
    operation: dict[str, Any] = {
        "operationId": one.name,
        "tags": [one.noun.replace("_", "-")],
        "summary": one.says.partition(". ")[0].rstrip(".") + ".",
        "description": one.says,
        "parameters": [*_in_path(one), *_in_query(one, schemas), *_in_header(one)],
        "responses": {
            str(one.status): _answer("Done." if one.writes else "Found.", one.answers),
            **{str(status): _problem(words) for status, words in refusals.items()},
        },
    }
    if one.takes is not None:
        body = {"application/json": {"schema": _schema(one.takes)}}
        needed = bool(_schema_of(one.takes, schemas).get("required"))
        operation["requestBody"] = {"required": needed, "content": body}
    return operation


def _problem(words: str) -> dict[str, Any]:
    return _answer(words, Problem, "application/problem+json")


def _answer(words: str, shape: Any, kind: str = "application/json") -> dict[str, Any]:
    return {"description": words, "content": {kind: {"schema": _schema(shape)}}}


def _schema(shape: Any) -> dict[str, Any]:
    """A reference to the shape."""
    (reference,), _ = msgspec.json.schema_components([shape], ref_template=REF)
    return reference


def _schema_of(shape: Any, schemas: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = schemas[_schema(shape)["$ref"].rpartition("/")[2]]
    return found


def _in_path(one: Endpoint) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in re.findall(r"<(\w+)>", one.rule)
    ]


def _in_query(one: Endpoint, schemas: dict[str, Any]) -> list[dict[str, Any]]:
    if one.query is None:
        return []
    schema = _schema_of(one.query, schemas)
    return [
        {"name": name, "in": "query", "required": name in schema["required"], "schema": said}
        for name, said in schema["properties"].items()
    ]


def _in_header(one: Endpoint) -> list[dict[str, Any]]:
    if not one.writes:
        return []
    schema = {"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": "^[!-~]+$"}
    words = "The same request under the same key has one effect, and the same answer."
    return [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "schema": schema,
            "description": words,
        }
    ]
