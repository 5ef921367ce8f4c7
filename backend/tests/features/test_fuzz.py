"""Whatever is sent to the API, the answer is its own: never a 5xx, always the one shape of error."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flotilla.entrypoints.api import create_app
from flotilla.features.backtests.schemas import Preview
from tests.bars import keep, walk
from tests.builders import definition
from tests.features.api import Api

pytestmark = pytest.mark.asyncio(loop_scope="module")
# The database is the module's: what one example stores is no matter to the next.
settings_here = settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
DOCUMENT: dict[str, Any] = create_app().openapi()
SCHEMAS: Mapping[str, Any] = DOCUMENT["components"]["schemas"]

words = st.sampled_from(
    ["rsi", "RSI", "MACD", "macd", "close", "AAPL", "MSFT", "timeperiod", "all", "above", "", "\0", "é"]
)
texts = words | st.text(max_size=12)
numbers = (
    st.integers(-3, 130)
    | st.integers()
    | st.floats(allow_nan=True, allow_infinity=True)
    | st.sampled_from([0, 1, 14, 30.0, 1e308, 2**63, 10**30])
)
junk = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


def shaped(schema: Mapping[str, Any], depth: int = 0) -> st.SearchStrategy[Any]:
    """Draw what a schema describes, and now and then something else in its place."""
    if "$ref" in schema:
        return st.deferred(lambda: shaped(SCHEMAS[schema["$ref"].rsplit("/", 1)[1]], depth + 1))
    return st.one_of(*(4 * [_as_told(schema, depth)]), junk)


def _as_told(schema: Mapping[str, Any], depth: int) -> st.SearchStrategy[Any]:
    if depth > 8:
        return junk
    if members := schema.get("oneOf", schema.get("anyOf")):
        return st.one_of(*(shaped(one, depth + 1) for one in members))
    if "const" in schema or "enum" in schema:
        return st.sampled_from(schema.get("enum") or [schema["const"]])
    kind = schema.get("type")
    if kind == "object":
        return _object(schema, depth)
    if kind == "array":
        return st.lists(shaped(schema["items"], depth + 1), max_size=3)
    return _scalar(schema)


def _scalar(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    if "pattern" in schema:
        return st.from_regex(schema["pattern"], fullmatch=True) | st.just("10000")
    kinds = {"string": texts, "integer": numbers, "number": numbers, "boolean": st.booleans()}
    return kinds.get(schema.get("type", ""), st.none())


def _object(schema: Mapping[str, Any], depth: int) -> st.SearchStrategy[Any]:
    if "properties" not in schema:
        return st.dictionaries(texts, shaped(schema.get("additionalProperties", {}), depth + 1), max_size=3)
    given = {name: shaped(one, depth + 1) for name, one in schema["properties"].items()}
    optional = {name: given.pop(name) for name in list(given) if "default" in schema["properties"][name]}
    return st.fixed_dictionaries(given, optional=optional)


@st.composite
def altered(draw: st.DrawFn) -> Any:
    """Draw a good definition of which a few parts, at any depth, are replaced by what their schema says."""
    body: Any = definition()
    schema: Any = SCHEMAS["BotDefinition"]
    for name in draw(st.lists(st.sampled_from(sorted(schema["properties"])), max_size=3)):
        body[name] = draw(shaped(schema["properties"][name]))
    return body


def well_answered(response: httpx.Response) -> None:
    assert response.status_code < 500
    if response.status_code >= 400:
        body = response.json()
        assert set(body) == {"code", "detail", "errors"}
        assert body["code"]
        assert body["detail"]
    if response.status_code == 422:
        assert response.json()["errors"]


def written(body: Any) -> str:
    """JSON as Python writes it: NaN and Infinity included, which no parser is obliged to refuse."""
    return json.dumps(body)


@given(body=altered() | shaped({"$ref": "#/components/schemas/BotDefinition"}) | junk)
@settings_here
async def test_no_definition_breaks_the_server(fuzzed: Api, body: Any) -> None:
    headers = {"content-type": "application/json"}
    response = await fuzzed.client.post("/bots", content=written(body), headers=headers)
    well_answered(response)
    if response.status_code == 201:
        bot = response.json()
        assert (await fuzzed.get(f"/bots/{bot['id']}")) == bot
        again = {name: bot[name] for name in SCHEMAS["BotDefinition"]["properties"]}
        edited = await fuzzed.client.put(f"/bots/{bot['id']}", json=again)
        assert edited.status_code == 200
        assert edited.json()["version"] == 2


@given(body=altered() | shaped({"$ref": "#/components/schemas/BotDefinition"}), data=st.data())
@settings_here
async def test_no_preview_breaks_the_server(fuzzed: Api, body: Any, data: st.DataObject) -> None:
    """What can be defined can be tested, or is refused."""
    store = fuzzed.backtests.store
    for symbol in ("AAPL", "MSFT"):
        if not store.version("import", symbol):
            keep(store, "import", symbol, walk(date(2025, 2, 3), date(2025, 2, 14)))
    schema = SCHEMAS["PreviewRequest"]["properties"]
    asked = {"bot": body, "source": "import", "first": "2025-02-10", "last": "2025-02-14"}
    for name in data.draw(st.lists(st.sampled_from(sorted(schema.keys() - {"bot"})), max_size=2)):
        asked[name] = data.draw(shaped(schema[name]), name)
    headers = {"content-type": "application/json"}
    response = await fuzzed.client.post("/backtests/preview", content=written(asked), headers=headers)
    well_answered(response)
    if response.status_code == 200:
        Preview.model_validate_json(response.content)


GETS = [
    (path.removeprefix("/api"), [p["name"] for p in methods["get"].get("parameters", ())])
    for path, methods in DOCUMENT["paths"].items()
    if "get" in methods
]


@given(data=st.data())
@settings_here
async def test_no_query_breaks_the_server(fuzzed: Api, data: st.DataObject) -> None:
    path, names = data.draw(st.sampled_from(GETS))
    values = {
        name: data.draw(st.one_of(texts, numbers.map(str), st.sampled_from(["1", "true", "AAPL"])), name)
        for name in names
        if data.draw(st.booleans())
    }
    place = values.pop("bot_id", "x") if "{bot_id}" in path else "x"
    safe = httpx.URL("http://x", params={"v": place}).query.decode().removeprefix("v=").replace("+", "%20")
    well_answered(await fuzzed.client.get(path.replace("{bot_id}", safe or "x"), params=values))


@given(content=st.binary(max_size=200))
@settings_here
async def test_no_bytes_break_the_server(fuzzed: Api, content: bytes) -> None:
    for path in ("/bots", "/bots/x/stop"):
        headers = {"content-type": "application/json"}
        well_answered(await fuzzed.client.post(path, content=content, headers=headers))
