"""Bad input: 422 with the field's path and a sentence, and nothing saved. Never a 500."""

import json
import math
from typing import Any

import httpx
import pytest

from flotilla.domain.rules import MAX_DEPTH
from tests.builders import condition, constant, definition, every, indicator, price, some
from tests.features.api import Api, fields

RSI = indicator("rsi", "rsi")
LOW, HIGH = condition(RSI, "below", constant(30)), condition(RSI, "above", constant(70))


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def post(refusing: Api, content: str | bytes, *, kind: str = "application/json") -> httpx.Response:
    """Send a definition that is not to be stored."""
    response = await refusing.client.post("/bots", content=content, headers={"content-type": kind})
    assert await refusing.stored() == (0, 0, 0)
    return response


def entry(rule: Any) -> dict[str, Any]:
    return {"rules": {"entry": rule}}


def nots(depth: int) -> dict[str, Any]:
    rule = every(LOW)
    for _ in range(depth):
        rule = {"type": "not", "of": rule}
    return rule


BAD: list[tuple[str, dict[str, Any], list[str]]] = [
    # the four of the issue
    ("unknown symbol", {"symbols": ["AAPL", "NOPE"]}, ["symbols.1"]),
    ("empty rule", entry(every()), ["rules.entry"]),
    ("empty exit", {"rules": {"entry": LOW, "exit": some()}}, ["rules.exit"]),
    ("empty group", entry(every(LOW, some())), ["rules.entry.of.1"]),
    ("contradiction", entry(every(LOW, HIGH)), ["rules.entry.of.1"]),
    ("contradictory exit", {"rules": {"entry": LOW, "exit": every(LOW, HIGH)}}, ["rules.exit.of.1"]),
    ("nested contradiction", entry(some(LOW, every(LOW, every(HIGH)))), ["rules.entry.of.1.of.1.of.0"]),
    ("impossible value", entry(condition(RSI, "above", constant(100))), ["rules.entry"]),
    ("more than anyone has", {"capital": "1000000000.01"}, ["capital"]),
    ("parts of a cent", {"capital": "100.001"}, ["capital"]),
    ("a name of marks not seen", {"name": "\u200b\u202e"}, ["name"]),
    ("negative capital", {"capital": "-1"}, ["capital"]),
    ("no capital", {"capital": "0"}, ["capital"]),
    ("window backwards", {"start_hour": 15, "end_hour": 10}, ["end_hour"]),
    ("window empty", {"start_hour": 10, "end_hour": 10}, ["end_hour"]),
    ("window at night", {"start_hour": 1, "end_hour": 9}, ["start_hour"]),
    # names and symbols
    ("no name", {"name": ""}, ["name"]),
    ("blank name", {"name": " \t "}, ["name"]),
    ("long name", {"name": "x" * 81}, ["name"]),
    ("huge name", {"name": "x" * 1_000_000}, ["name"]),
    ("NUL in name", {"name": "a\0b"}, ["name"]),
    ("line break in name", {"name": "a\nb"}, ["name"]),
    ("half a character", {"name": "\ud800"}, ["name"]),
    ("no symbols", {"symbols": []}, ["symbols"]),
    ("blank symbol", {"symbols": [""]}, ["symbols.0"]),
    ("NUL in symbol", {"symbols": ["AA\0PL"]}, ["symbols.0"]),
    ("symbol twice", {"symbols": ["AAPL", "MSFT", "aapl "]}, ["symbols.2"]),
    ("not tradable", {"symbols": ["GONE"]}, ["symbols.0"]),
    ("huge symbol", {"symbols": ["A" * 1_000_000]}, ["symbols.0"]),
    # numbers
    ("NaN capital", {"capital": "NaN"}, ["capital"]),
    ("infinite capital", {"capital": "Infinity"}, ["capital"]),
    ("words for capital", {"capital": "ten"}, ["capital"]),
    ("endless capital", {"capital": "1" * 29}, ["capital"]),
    ("giant exponent", {"capital": "1e1000000"}, ["capital"]),
    ("odd frequency", {"trading_frequency": 61}, ["trading_frequency"]),
    ("zero frequency", {"trading_frequency": 0}, ["trading_frequency"]),
    ("endless frequency", {"trading_frequency": 60 * 10**18}, ["trading_frequency"]),
    ("half a second", {"trading_frequency": 60.5}, ["trading_frequency"]),
    ("hour 24", {"start_hour": 24}, ["start_hour"]),
    ("minute -1", {"end_minute": -1}, ["end_minute"]),
    ("no percent", {"risk_management": {"position_percent": 0}}, ["risk_management.position_percent"]),
    ("stop of all", {"risk_management": {"stop_loss_percent": 100}}, ["risk_management.stop_loss_percent"]),
    ("no slots", {"risk_management": {"max_open_positions": 0}}, ["risk_management.max_open_positions"]),
    # types and unknown fields
    ("unknown field", {"leverage": 5}, ["leverage"]),
    ("unknown field inside", {"risk_management": {"leverage": 5}}, ["risk_management.leverage"]),
    ("field named body", {"body": 1}, ["body"]),
    ("number for a name", {"name": 5}, ["name"]),
    ("list for a name", {"name": ["a"]}, ["name"]),
    ("text for symbols", {"symbols": "AAPL"}, ["symbols"]),
    ("number in symbols", {"symbols": ["AAPL", 5]}, ["symbols.1"]),
    ("null capital", {"capital": None}, ["capital"]),
    ("unknown timeframe", {"timeframe": "7Min"}, ["timeframe"]),
    ("null rules", {"rules": None}, ["rules"]),
    ("no entry", {"rules": {}}, ["rules.entry"]),
    ("unknown rule", entry({"type": "maybe", "of": []}), ["rules.entry"]),
    ("rule without type", entry({"of": []}), ["rules.entry"]),
    ("unknown comparison", entry(condition(RSI, "near", constant(1))), ["rules.entry.op"]),
    ("unknown price", entry(condition(price("vwap"), "above", constant(1))), ["rules.entry.left.field"]),
    ("text for a number", entry(condition(RSI, "above", {"type": "constant", "value": "x"})),
     ["rules.entry.right.value"]),
    ("too many members", entry(every(*([LOW] * 51))), ["rules.entry.of"]),
    # indicators
    ("unknown indicator", {"indicators": [{"id": "rsi", "name": "XYZ"}]}, ["indicators.0.name"]),
    ("unknown id", entry(condition(indicator("ema", "ema"), "above", constant(1))),
     ["rules.entry.left.indicator"]),
    ("NUL in id", entry(condition(indicator("r\0", "rsi"), "above", constant(1))),
     ["rules.entry.left.indicator"]),
    ("unknown output", entry(condition(indicator("rsi", "macd"), "above", constant(1))),
     ["rules.entry.left.output"]),
    ("itself", entry(condition(RSI, "above", RSI)), ["rules.entry.right"]),
    ("two numbers", entry(condition(constant(1), "above", constant(2))), ["rules.entry.left"]),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "expected"), [b[1:] for b in BAD], ids=[b[0] for b in BAD])
async def test_a_bad_definition_is_refused_at_its_field(
    refusing: Api, changes: dict[str, Any], expected: list[str]
) -> None:
    assert fields(await post(refusing, json.dumps(definition(**changes)))) == expected


PARAMS = "indicators.0.params"


@pytest.mark.parametrize(
    ("use", "expected"),
    [
        ({"params": {"timeperiod": 1}}, [f"{PARAMS}.timeperiod"]),
        ({"params": {"timeperiod": 10**30}}, [f"{PARAMS}.timeperiod"]),
        ({"params": {"timeperiod": 14.5}}, [f"{PARAMS}.timeperiod"]),
        ({"params": {"timeperiod": "14"}}, [f"{PARAMS}.timeperiod"]),
        ({"params": {"timeperiod": True}}, [f"{PARAMS}.timeperiod"]),
        ({"params": {"timeperiod": [14]}}, [f"{PARAMS}.timeperiod"]),
        ({"source": "vwap"}, ["indicators.0.source"]),
        ({"name": "ATR", "source": "open"}, ["indicators.0.source"]),
        ({"params": {"length": 14}}, [f"{PARAMS}.length"]),
        ({"params": {"a\0": 14}}, [f"{PARAMS}.a\0"]),
        ({"params": []}, [PARAMS]),
        ({"name": "MACD", "params": {"fastperiod": 30}}, [f"{PARAMS}.fastperiod"]),
        ({"id": "1st"}, ["indicators.0.id"]),
        ({"id": "rsi\n"}, ["indicators.0.id"]),
        ({"id": "r\0"}, ["indicators.0.id"]),
        ({"id": "x" * 100_000}, ["indicators.0.id"]),
        ({"surprise": 1}, ["indicators.0.surprise"]),
    ],
)
async def test_a_bad_indicator_is_refused_at_its_field(
    refusing: Api, use: dict[str, Any], expected: list[str]
) -> None:
    rule = every(condition(price("close"), "above", price("open")))
    body = definition(indicators=[{"id": "rsi", "name": "RSI"} | use], rules={"entry": rule})
    assert fields(await post(refusing, json.dumps(body))) == expected


async def test_everything_that_is_wrong_is_said_at_once(refusing: Api) -> None:
    body = definition(
        name="", capital="-5", symbols=["NOPE", "AAPL", "AAPL"], start_hour=15, end_hour=10, **entry(every())
    )
    found = fields(await refusing.client.post("/bots", json=body))
    assert found == ["name", "capital", "symbols.2", "rules.entry", "end_hour", "symbols.0"]


async def test_every_missing_field_is_named(refusing: Api) -> None:
    assert fields(await refusing.client.post("/bots", json={})) == ["name", "capital", "symbols", "rules"]


# --- what JSON can and cannot say -------------------------------------------------------------------


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400", "-1e400"])
@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (["capital"], "capital"),
        (["trading_frequency"], "trading_frequency"),
        (["start_hour"], "start_hour"),
        (["risk_management", "position_percent"], "risk_management.position_percent"),
        (["risk_management", "stop_loss_percent"], "risk_management.stop_loss_percent"),
        (["risk_management", "max_open_positions"], "risk_management.max_open_positions"),
        (["indicators", 0, "params", "timeperiod"], "indicators.0.params.timeperiod"),
        (["rules", "entry", "of", 0, "right", "value"], "rules.entry.of.0.right.value"),
    ],
)
async def test_numbers_beyond_numbers_are_refused(
    refusing: Api, number: str, path: list[Any], expected: str
) -> None:
    body: Any = definition(risk_management={})
    at = body
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = "HERE"
    response = await post(refusing, json.dumps(body).replace('"HERE"', number))
    assert fields(response) == [expected]


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b'{"name": ', b"nonsense", b"[]", b"null", b"5", b'"text"', b"\0"],
)
async def test_what_is_no_object_is_refused(refusing: Api, content: bytes) -> None:
    assert fields(await post(refusing, content)) == [""]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_what_does_not_say_that_it_is_json_is_refused(refusing: Api, kind: str) -> None:
    """A page elsewhere can send these without being asked for leave."""
    response = await post(refusing, json.dumps(definition()), kind=kind)
    assert 400 <= response.status_code < 500


@pytest.mark.parametrize(
    "content", [b"\xff\xfe\x00", b"\xff", b"\xc3\x28", b'{"name": "\xff"}', b"\x80" * 100]
)
async def test_what_is_no_text_is_refused(refusing: Api, content: bytes) -> None:
    assert 400 <= (await post(refusing, content)).status_code < 500


async def test_a_number_too_long_to_read_is_refused(refusing: Api) -> None:
    content = json.dumps(definition(capital="HERE")).replace('"HERE"', "1" * 5000)
    assert 400 <= (await post(refusing, content)).status_code < 500


@pytest.mark.parametrize("depth", [MAX_DEPTH, 100, 200, 249, 250, 251, 255, 400])
async def test_rules_nested_too_deeply_are_refused(refusing: Api, depth: int) -> None:
    response = await post(refusing, json.dumps(definition(**entry(nots(depth)))))
    assert fields(response)[0].startswith("rules.entry")


@pytest.mark.parametrize("depth", [5000, 100_000])
@pytest.mark.parametrize(("start", "end"), [('{"type": "not", "of": ', "}"), ("[", "]"), ('{"a":', "}")])
async def test_no_depth_of_json_breaks_the_server(refusing: Api, depth: int, start: str, end: str) -> None:
    deep = start * depth + "1" + end * depth
    content = json.dumps(definition(**entry("HERE"))).replace('"HERE"', deep)
    assert 400 <= (await post(refusing, content)).status_code < 500


async def test_many_symbols_are_one_question_to_the_broker(refusing: Api) -> None:
    await refusing.get("/market-data/symbols")
    asked = refusing.broker.instrument_requests
    response = await refusing.client.post("/bots", json=definition(symbols=[f"X{n}" for n in range(30)]))
    assert fields(response) == [f"symbols.{n}" for n in range(30)]
    assert refusing.broker.instrument_requests == asked + 1

    response = await refusing.client.post("/bots", json=definition(symbols=[f"X{n}" for n in range(20_000)]))
    assert fields(response)[0] == "symbols"
    assert len(response.json()["errors"]) < 50


async def test_without_the_broker_nothing_is_saved(refusing: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusing.broker, "reachable", False)
    response = await post(refusing, json.dumps(definition(symbols=["NEW"])))
    assert response.status_code == 503
    assert response.json()["code"] == "BROKER_UNREACHABLE"


# --- addresses --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "field"),
    [
        ("GET", "/bots/%00", "bot_id"),
        ("PUT", "/bots/a%00b", "bot_id"),
        ("DELETE", "/bots/%00", "bot_id"),
        ("POST", "/bots/%00/start", "bot_id"),
        ("POST", "/bots/%00/stop", "bot_id"),
        ("GET", "/bots/%00/decisions", "bot_id"),
        ("GET", "/trades?bot_id=%00", "bot_id"),
        ("GET", "/trades?symbol=%00", "symbol"),
        ("GET", "/positions?bot_id=%00", "bot_id"),
        ("GET", "/positions?is_open=perhaps", "is_open"),
        ("GET", "/orders?bot_id=%00", "bot_id"),
        ("GET", "/summary/equity?points=1", "points"),
        ("GET", "/market-data/bars", "symbol"),
        ("GET", "/market-data/bars?symbol=AAPL&timeframe=7Min", "timeframe"),
        ("GET", "/market-data/bars?symbol=AAPL&limit=1001", "limit"),
        ("GET", "/market-data/symbols?limit=0", "limit"),
        ("GET", "/market-data/symbols?search=" + 81 * "x", "search"),
    ],
)
async def test_bad_addresses_are_refused(refusing: Api, method: str, path: str, field: str) -> None:
    body = {"PUT": definition(), "POST": {}}.get(method)
    assert fields(await refusing.client.request(method, path, json=body)) == [field]


@pytest.mark.parametrize("bot_id", ["0197d3a0-0000-7000-8000-0000000000ff", "x", "%20", "💥", "a" * 5000])
async def test_an_unknown_bot_is_not_found(refusing: Api, bot_id: str) -> None:
    for method, path, body in (
        ("GET", "", None),
        ("PUT", "", definition()),
        ("DELETE", "", None),
        ("POST", "/start", None),
        ("POST", "/stop", {}),
        ("GET", "/decisions", None),
    ):
        response = await refusing.client.request(method, f"/bots/{bot_id}{path}", json=body)
        assert (response.status_code, response.json()["code"]) == (404, "BOT_NOT_FOUND")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 501}, "limit"),
        ({"limit": "x"}, "limit"),
        ({"limit": 10**30}, "limit"),
        ({"cursor": "nonsense"}, "cursor"),
        ({"cursor": ""}, "cursor"),
    ],
)
@pytest.mark.parametrize("path", ["/bots", "/trades", "/positions", "/orders"])
async def test_lists_refuse_what_they_do_not_understand(
    refusing: Api, path: str, query: dict[str, Any], field: str
) -> None:
    assert fields(await refusing.client.get(path, params=query)) == [field]


async def test_the_numbers_tried_here_are_what_they_claim() -> None:
    assert math.isinf(json.loads("1e400"))


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"type": "held", "bars": 3, "of": {"type": "condition", "left": RSI, "op": "above"}}, "of.right"),
        ({"type": "between", "value": RSI, "low": {"type": "constant"}, "high": RSI}, "low.value"),
        ({"type": "trend", "value": {"type": "price"}, "direction": "rising", "bars": 3}, "value.field"),
    ],
)
@pytest.mark.parametrize("side", ["entry", "short_entry"])
async def test_what_is_wrong_in_any_shape_of_rule_is_named_as_the_page_names_it(
    refusing: Api, side: str, rule: dict[str, Any], expected: str
) -> None:
    body = definition() | {"rules": {side: rule}}
    assert fields(await refusing.client.post("/bots", json=body)) == [f"rules.{side}.{expected}"]
