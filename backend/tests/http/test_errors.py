"""Every error has one shape: a stable code, a sentence, and the fields by their path in the request."""

from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import Field

from flotilla.domain.errors import Conflict, DomainError, Invalid, NotFound, Problem, Unavailable
from flotilla.http import errors
from flotilla.wire.base import Model
from flotilla.wire.bots import RuleTree


class Rules(Model):
    entry: RuleTree
    exit: RuleTree | None = None


class Body(Model):
    name: str
    count: int
    rules: Rules
    listed: list[Rules] = Field(default_factory=list)


async def raised(error: Exception) -> httpx.Response:
    app = FastAPI()
    errors.install(app)

    @app.get("/")
    async def fail() -> None:
        raise error

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
        return await client.get("/")


@pytest.mark.parametrize(
    ("error", "status", "body"),
    [
        (NotFound("No bot."), 404, {"code": "NOT_FOUND", "detail": "No bot.", "errors": []}),
        (
            NotFound("No bot.", code="BOT_NOT_FOUND"),
            404,
            {"code": "BOT_NOT_FOUND", "detail": "No bot.", "errors": []},
        ),
        (Conflict("Stop it."), 409, {"code": "CONFLICT", "detail": "Stop it.", "errors": []}),
        (Unavailable("Later."), 503, {"code": "UNAVAILABLE", "detail": "Later.", "errors": []}),
        (
            Invalid([Problem("a.0", "Wrong."), Problem("b", "Worse.")]),
            422,
            {
                "code": "INVALID",
                "detail": "Some fields need attention.",
                "errors": [{"field": "a.0", "message": "Wrong."}, {"field": "b", "message": "Worse."}],
            },
        ),
        (DomainError("Odd."), 500, {"code": "ERROR", "detail": "Odd.", "errors": []}),
    ],
)
async def test_domain_errors_are_answered(error: DomainError, status: int, body: dict[str, Any]) -> None:
    response = await raised(error)
    assert (response.status_code, response.json()) == (status, body)


def app_with_body() -> FastAPI:
    app = FastAPI()
    errors.install(app)

    @app.post("/")
    async def take(body: Body, limit: int = 1) -> None:
        return

    return app


async def post(content: bytes | str, path: str = "/") -> httpx.Response:
    transport = httpx.ASGITransport(app_with_body())
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        return await client.post(path, content=content, headers={"content-type": "application/json"})


CLOSE = '{"type": "price", "field": "close"}'
GOOD = f'{{"type": "condition", "left": {CLOSE}, "op": "above", "right": {{"type": "constant", "value": 1}}}}'


def with_entry(entry: str) -> str:
    return f'{{"name": "a", "count": 1, "rules": {{"entry": {entry}}}}}'


@pytest.mark.parametrize(
    ("content", "fields"),
    [
        (with_entry(GOOD), None),
        ('{"count": 1}', {"name", "rules"}),
        ('{"name": 5, "count": "x", "rules": {}}', {"name", "count", "rules.entry"}),
        (with_entry("5"), {"rules.entry"}),
        (with_entry('{"type": "maybe"}'), {"rules.entry"}),
        (with_entry('{"of": []}'), {"rules.entry"}),
        (with_entry('{"type": "all"}'), {"rules.entry.of"}),
        (with_entry('{"type": "all", "of": 5}'), {"rules.entry.of"}),
        (with_entry('{"type": "all", "of": [], "any": 1}'), {"rules.entry.any"}),
        (with_entry(f'{{"type": "all", "of": [{GOOD}, {{"type": "any"}}]}}'), {"rules.entry.of.1.of"}),
        (with_entry('{"type": "not", "of": {"type": "not", "of": 5}}'), {"rules.entry.of.of"}),
        (
            with_entry(f'{{"type": "condition", "left": {CLOSE}, "op": "near", "right": {CLOSE}}}'),
            {"rules.entry.op"},
        ),
        (
            with_entry(
                '{"type": "any", "of": [{"type": "condition", "op": "above",'
                ' "left": {"type": "indicator", "output": 5}, "right": {"type": "constant"}}]}'
            ),
            {
                "rules.entry.of.0.left.indicator",
                "rules.entry.of.0.left.output",
                "rules.entry.of.0.right.value",
            },
        ),
        (with_entry(GOOD)[:-1] + ', "body": 1, "path": 2, "query": 3}', {"body", "path", "query"}),
        (with_entry(GOOD)[:-1] + ', "listed": [{"entry": {"type": "all"}}]}', {"listed.0.entry.of"}),
        ("[]", {""}),
        ("null", {""}),
        ("", {""}),
        ("{", {""}),
        ('{"name": tru', {""}),
        (b"\xff\xfe", {""}),
    ],
)
async def test_fields_are_paths_into_the_request(content: bytes | str, fields: set[str] | None) -> None:
    response = await post(content)
    if fields is None:
        assert response.status_code == 200
        return
    assert response.status_code == 422
    assert response.json()["code"] == "INVALID"
    assert {error["field"] for error in response.json()["errors"]} == fields
    assert all(error["message"].endswith(".") for error in response.json()["errors"])


async def test_a_querys_field_is_its_name() -> None:
    response = await post(with_entry(GOOD), "/?limit=x")
    assert [error["field"] for error in response.json()["errors"]] == ["limit"]


async def test_what_is_not_there_has_the_same_shape() -> None:
    response = await post("{}", "/nowhere")
    assert response.status_code == 404
    assert response.json() == {"code": "NOT_FOUND", "detail": "Not Found", "errors": []}
    transport = httpx.ASGITransport(app_with_body())
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        response = await client.get("/")
    assert (response.status_code, response.json()["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert response.headers["allow"] == "POST"
