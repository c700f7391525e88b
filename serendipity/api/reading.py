"""Reading requests: a body or a query as the shape it has to have, or the field that is wrong."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec
from flask import request
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from serendipity.api.shapes import In, NotReadable, in_time

MOST_BYTES: Final = 64 * 1024
HALF_A_PAIR: Final = re.compile(rb"\\u[dD][89a-fA-F]")
NAMED: Final = re.compile(r"field `([^`]+)`")
PLACED: Final = re.compile(r" - at `\$\.?([^`]*)`$")


def body(shape: type[In]) -> Any:
    """The JSON body of this request.

    Raises
    ------
    NotReadable, shapes.OutOfTime
        It has another shape; the field is named.
    UnsupportedMediaType, RequestEntityTooLarge, BadRequest
        It is not JSON, longer than 64 KiB, or broken.
    """
    request.max_content_length = MOST_BYTES
    raw = request.get_data()
    if not raw:
        raw = b"{}"
    elif not request.is_json:
        raise UnsupportedMediaType("The body has to be application/json.")
    try:
        return in_time(msgspec.json.decode(raw, type=shape))
    except msgspec.ValidationError as error:
        raise _wrong(str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        if HALF_A_PAIR.search(raw):
            raise NotReadable(
                field="", detail="Half of a surrogate pair: no screen can show that."
            ) from error
        raise BadRequest("This is not JSON.") from error


def query(shape: type[In]) -> Any:
    """What stands behind the question mark of this address; raises as `body`."""
    given = {name: values[0] for name, values in request.args.lists()}
    try:
        return in_time(msgspec.convert(given, shape, strict=False))
    except msgspec.ValidationError as error:
        raise _wrong(str(error)) from error


def _wrong(said: str) -> NotReadable:
    """msgspec's sentence, with the field it is about: "people" or "choices.by_mail"."""
    place, named = PLACED.search(said), NAMED.search(said)
    parts = [place[1] if place else "", named[1] if named else ""]
    return NotReadable(
        field=".".join(part for part in parts if part), detail=PLACED.sub("", said) + "."
    )
