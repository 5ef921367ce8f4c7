"""The committed contract is the one that the code has: the page's client is generated from it."""

import json
from pathlib import Path
from typing import Any

import pytest

from flotilla.entrypoints.api import create_app

COMMITTED = Path(__file__).parents[3] / "frontend" / "openapi.json"
DOCUMENT: dict[str, Any] = create_app().openapi()


def test_the_committed_contract_is_not_stale() -> None:
    stale = "frontend/openapi.json is not what the backend says: run `make api` and commit what it writes."
    assert json.loads(COMMITTED.read_text()) == json.loads(json.dumps(DOCUMENT)), stale


OPERATIONS: list[tuple[str, str, dict[str, Any]]] = [
    (method, path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]


@pytest.mark.parametrize(
    ("method", "path", "operation"), OPERATIONS, ids=[f"{m} {p}" for m, p, _ in OPERATIONS]
)
def test_every_route_has_a_name_a_summary_and_an_answer(
    method: str, path: str, operation: dict[str, Any]
) -> None:
    assert path.startswith("/api/")
    assert operation["operationId"].isidentifier()
    assert operation["description"]
    answers = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
    assert len(answers) == 1
    if "204" not in operation["responses"]:
        assert answers[0]["content"]["application/json"]["schema"]


def test_route_names_are_unique() -> None:
    names = [operation["operationId"] for _, _, operation in OPERATIONS]
    assert len(set(names)) == len(names)


def test_socket_messages_are_in_the_contract() -> None:
    schema = DOCUMENT["webhooks"]["message"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert set(schema["discriminator"]["mapping"]) == {
        "alert",
        *("bot_status_changed", "bot_deleted", "trade_executed", "position_updated"),
        *("hello", "summary_updated", "price_update", "backtest_progress", "alert"),
    }


def every_schema(node: Any, path: str = "") -> list[tuple[str, dict[str, Any]]]:
    found = [(path, node)] if isinstance(node, dict) else []
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in children:
        found += every_schema(child, f"{path}/{key}")
    return found


# An indicator's parameter is a number, or the name of a choice.
NUMBERS_OR_NAMES = ("/params/additionalProperties", "/ParameterOut/properties/default")


def test_money_is_nowhere_a_number_or_a_string() -> None:
    for path, schema in every_schema(DOCUMENT):
        kinds = {member.get("type") for member in schema.get("anyOf", ()) if isinstance(member, dict)}
        if not path.endswith(NUMBERS_OR_NAMES):
            assert not {"number", "string"} <= kinds, path


def test_answers_have_every_field() -> None:
    for name, schema in DOCUMENT["components"]["schemas"].items():
        if schema.get("type") == "object" and "properties" in schema and "HTTPValidation" not in name:
            if name == "ValidationError":
                continue
            assert set(schema.get("required", ())) == set(schema["properties"]), name
