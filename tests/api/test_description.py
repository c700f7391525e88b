"""The description is true: it is valid, it holds every endpoint, and answers are as it says."""

from __future__ import annotations

import re
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, settings
from openapi_spec_validator import OpenAPIV31SpecValidator, validate
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from serendipity import config
from serendipity.api.description import document
from tests.api.conftest import House
from tests.pages import rows

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


def test_anybody_can_read_the_description_and_it_is_valid(app: Flask) -> None:
    answer = app.test_client().get("/api/v1/openapi.json")
    assert answer.status_code == 200
    validate(answer.get_json(), cls=OpenAPIV31SpecValidator)
    assert answer.get_json()["servers"] == [{"url": "http://127.0.0.1:8000/api/v1"}]


def test_every_endpoint_is_described_and_nothing_else(app: Flask) -> None:
    served = {
        (re.sub(r"<(\w+)>", r"{\1}", rule.rule.removeprefix("/api/v1")), method.lower())
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("api.") and rule.endpoint != "api.openapi"
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    told = {(path, method) for path, said in document()["paths"].items() for method in said}
    assert told == served


def test_each_endpoint_says_what_it_does_in_words() -> None:
    for path, said in document()["paths"].items():
        for method, operation in said.items():
            assert len(operation["description"]) > 10, (method, path)


def test_the_tour_asks_only_for_what_there_is() -> None:
    """Paths in docs/api.md, with what a shell fills in, fit a path of the description."""
    tour = (config.ROOT / "docs" / "api.md").read_text("utf-8")
    asked = re.findall(r'^[^#\n]*\b(get|post) "\$\w+" "?(/[^"?\s]*)', tour, re.MULTILINE)
    known = [
        (method, re.compile(re.sub(r"\{\w+\}", "[^/]+", path)))
        for path, said in document()["paths"].items()
        for method in said
    ]
    assert len(asked) > 15
    for method, path in asked:
        assert any(m == method and rule.fullmatch(path) for m, rule in known), (method, path)


@pytest.mark.parametrize("who", ["sofia", "awa", "concierge"])
def test_whatever_is_made_up_the_answer_is_as_described(
    app: Flask, house: House, api: Any, who: str
) -> None:
    """Requests that fit the description, and requests that do not, about real and made-up ids."""
    described = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    headers = {"Authorization": f"Bearer {house.tokens[who]}", "Host": "localhost"}
    places = {"slug": "la-navette", "room": "jacquard", "organisation": house.organisation}
    asked = []

    for result in described.get_all_operations():
        operation = result.ok()

        @settings(max_examples=6, deadline=None, database=None, derandomize=True,
                  suppress_health_check=list(HealthCheck))  # fmt: skip
        @_given(operation)
        def fits(case: Any) -> None:
            for name, value in places.items():
                if name in case.path_parameters and len(asked) % 2:
                    case.path_parameters[name] = value
            asked.append(case.call_and_validate(headers=headers, checks=CHECKS).status_code)

        fits()
    assert len(asked) >= 6 * len(list(described.get_all_operations())) / 2
    assert {200, 404, 422} <= set(asked)
    assert rows(app)["member"] < 60


def _given(operation: Any) -> Any:
    from hypothesis import given
    from schemathesis import GenerationMode

    both = operation.as_strategy(generation_mode=GenerationMode.POSITIVE) | operation.as_strategy(
        generation_mode=GenerationMode.NEGATIVE
    )
    return given(case=both)
