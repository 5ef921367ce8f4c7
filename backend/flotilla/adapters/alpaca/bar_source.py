"""Whole histories from Alpaca's data API, or from the practice market: raw bars, splits and dividends.

The pages are asked for one by one, so that progress shows and a cancel is heard; alpaca-py's own
methods give a whole range at once.
"""

import asyncio
import hashlib
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

import numpy as np
import structlog
from alpaca.common.exceptions import APIError
from alpaca.common.rest import RESTClient

from flotilla.adapters.alpaca.broker import AlpacaBroker
from flotilla.adapters.alpaca.client import NO_ANSWER, AlpacaClient, refused, unanswered
from flotilla.domain.adjustment import ActionKind, CorporateAction
from flotilla.domain.market import NEW_YORK, Series, Timeframe
from flotilla.ports.clock import WallClock

log = structlog.get_logger(__name__)

Payload = Mapping[str, Any]

# Alpaca: later trades correct a bar for half a minute, the free plan reads SIP only after a quarter of an
# hour, and this machine's clock may be wrong.
_SETTLED = timedelta(minutes=20)
_PAGE = 10_000
_ACTIONS_PAGE = 1_000
_ACTION_TYPES = "forward_split,reverse_split,stock_dividend,cash_dividend"
# Two minutes together: longer than the window that Alpaca counts requests in.
_WAITS = (1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0)
_TRY_LATER = frozenset({429, 500, 502, 503, 504})


class AlpacaBarSource:
    """`ports.bar_history.BarSource`. `feed` is iex or sip, and of stocks only."""

    def __init__(
        self,
        client: AlpacaClient,
        clock: WallClock,
        *,
        feed: str = "iex",
        wait: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`client` should leave a 429 to us (`resend=False`)."""
        self._client = client
        self._broker = AlpacaBroker(client)
        self._clock = clock
        self._feed = feed
        self._wait = wait

    async def name(self) -> str:
        if not self._client.config.practice:
            return f"alpaca-{self._feed}"
        return practice_name((await self._broker.market_state()).source or "unknown")

    async def horizon(self) -> datetime:
        if self._client.config.practice:
            reached = (await self._broker.market_state()).now
        else:
            reached = self._clock.now() - _SETTLED
        return reached.replace(second=0, microsecond=0)

    async def pages(
        self, symbol: str, timeframe: Timeframe, start: datetime, end: datetime
    ) -> AsyncGenerator[Series, None]:
        is_coin = "/" in symbol
        client: RESTClient = self._client.coins if is_coin else self._client.data
        path = "/crypto/us/bars" if is_coin else "/stocks/bars"
        query: dict[str, Any] = {
            "symbols": symbol,
            "timeframe": timeframe.value,
            "start": _text(start),
            "end": _text(end - timedelta(seconds=1)),  # Alpaca's end is included
            "limit": _PAGE,
        }
        if not is_coin:
            query |= {"feed": self._feed, "adjustment": "raw"}
        while True:
            body = await self._asked(client, path, dict(query))
            yield _series(body, symbol, timeframe)
            query["page_token"] = body.get("next_page_token")
            if not query["page_token"]:
                return

    async def actions(self, symbol: str, first: date, last: date) -> Sequence[CorporateAction]:
        if "/" in symbol:
            return []
        found: list[CorporateAction] = []
        query: dict[str, Any] = {
            "symbols": symbol,
            "types": _ACTION_TYPES,
            "start": first.isoformat(),
            "end": last.isoformat(),
            "limit": _ACTIONS_PAGE,
        }
        while True:
            body = await self._asked(self._client.data, "/corporate-actions", dict(query), version="v1")
            found.extend(_actions(body))
            query["page_token"] = body.get("next_page_token")
            if not query["page_token"]:
                return sorted(found)

    async def _asked(
        self, client: RESTClient, path: str, query: dict[str, Any], version: str | None = None
    ) -> Payload:
        """Ask until there is an answer, or there was none for two minutes."""
        for wait in (*_WAITS, None):
            try:
                body = await self._client.call(lambda: client.get(path, query, api_version=version))
                if not isinstance(body, Mapping):
                    raise TypeError("not an object")
                return body
            except APIError as error:
                if error.status_code not in _TRY_LATER or wait is None:
                    raise refused(error) from error
                log.info("asked_again", status=error.status_code, seconds=wait)
            except NO_ANSWER as error:
                if wait is None:
                    raise unanswered(error) from error
                log.info("asked_again", error=type(error).__name__, seconds=wait)
            await self._wait(wait)
        raise AssertionError("unreachable")


def practice_name(identity: str) -> str:
    """A practice market's prices as the name of a source: `practice-synthetic-0`.

    A replay is told by its folder, a scenario by its content: of what a name cannot hold, a hash does.
    """
    words = re.sub(r"[^a-z0-9.]+", "-", identity.lower()).strip("-.")
    if identity == words.replace("-", ":", 1):
        return f"practice-{words}"
    mark = hashlib.sha256(identity.encode()).hexdigest()[:10]
    return f"practice-{words.partition('-')[0]}-{words[-30:].strip('-.')}-{mark}"


def _series(body: Payload, symbol: str, timeframe: Timeframe) -> Series:
    try:
        return _columns(
            (body.get("bars") or {}).get(symbol) or (), timeframe, UTC if "/" in symbol else NEW_YORK
        )
    except (*NO_ANSWER, AttributeError) as error:
        raise unanswered(error) from error


def _actions(body: Payload) -> list[CorporateAction]:
    try:
        listed = (body.get("corporate_actions") or {}).items()
        return [_action(kind, row) for kind, rows in listed for row in rows]
    except (*NO_ANSWER, AttributeError) as error:
        raise unanswered(error) from error


def _columns(rows: Sequence[Payload], timeframe: Timeframe, clock: tzinfo) -> Series:
    columns = np.array(
        [[_number(row.get(name)) for name in "ohlcv"] for row in rows], dtype=np.float64
    ).reshape(-1, 5)
    starts = np.array([_seconds(row["t"]) for row in rows], dtype=np.int64)
    parts = (np.ascontiguousarray(columns[:, n]) for n in range(5))
    return Series(starts, *parts, timeframe=timeframe, clock=clock)


def _number(value: Any) -> float:
    """What is no number is NaN, and screened with all that cannot be a bar."""
    return float(value) if isinstance(value, int | float) else float("nan")


def _seconds(text: str) -> int:
    return int(datetime.fromisoformat(text.replace("Z", "+00:00")[:19] + "+00:00").timestamp())


def _action(kind: str, row: Payload) -> CorporateAction:
    """`kind` is the plural that Alpaca lists the row under."""
    day = date.fromisoformat(row["ex_date"])
    if kind == "cash_dividends":
        return CorporateAction(day, ActionKind.DIVIDEND, float(row["rate"]))
    if kind == "stock_dividends":
        return CorporateAction(day, ActionKind.SPLIT, 1 + float(row["rate"]))
    return CorporateAction(day, ActionKind.SPLIT, float(row["new_rate"]) / float(row["old_rate"]))


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
