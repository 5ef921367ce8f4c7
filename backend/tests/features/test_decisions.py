"""The decision log over the API: what is listed, filtered and counted, and for how long it is kept."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from flotilla.db.tables import (
    BotStepRow,
    DecisionRow,
    EngineStateRow,
    ReplayOriginRow,
    SeenLearntRow,
    SeenMinuteRow,
)
from flotilla.domain.kernel.decisions import Decision, Outcome
from flotilla.domain.kernel.journal import JournaledStep
from flotilla.domain.market import Bar, Series, Session
from flotilla.domain.risk import RefusalCode
from flotilla.domain.rules import Explained
from flotilla.features.decisions.keeper import DecisionKeeper
from flotilla.ports.decision_log import Learnt, LearntBars, OriginCause, ReplayOrigin, SeenMinute, StepJournal
from flotilla.ports.store import DecisionEntry, StepRecord
from tests.adapters.postgres.desk import TAU, Desk, draft
from tests.features.api import Api, fields

MINUTE = timedelta(minutes=1)
SEEN = Explained("RSI(14) crosses below 30", 29.5, 30.0, True)
OUTSIDE = Decision("AAPL", Outcome.REFUSED, RefusalCode.OUTSIDE_WINDOW, {"price": 100.0})


async def test_decisions_say_what_was_seen_and_why_nothing_was_done(api: Api, desk: Desk) -> None:
    first = DecisionEntry(OUTSIDE, [SEEN], None, bar=TAU - MINUTE)
    (row_id,) = (await desk.step(decisions=[first])).decision_ids
    later = Decision("AAPL", Outcome.REFUSED, RefusalCode.OUTSIDE_WINDOW, {"price": 101.0})
    await desk.step(decisions=[DecisionEntry(later, [SEEN], row_id, bar=TAU)], tau=TAU + MINUTE)
    entered = Decision("MSFT", Outcome.ENTER, numbers={"quantity": 5.0})
    unknown = Explained("close is above SMA(200)", 100.0, None, False)
    order = draft("entry-msft", symbol="MSFT")
    became = DecisionEntry(entered, [unknown], None, client_order_id=order.client_order_id)
    written = await desk.step(order, decisions=[became], tau=TAU + 2 * MINUTE)

    newest, older = (await api.get(f"/bots/{desk.bot_id}/decisions"))["items"]
    assert (newest["symbol"], newest["outcome"], newest["refusal"]) == ("MSFT", "enter", None)
    assert newest["sentence"].startswith("The entry rule held")
    assert newest["order_id"] == written.orders[0].id
    assert newest["conditions"] == [
        {
            "sentence": "close is above SMA(200)",
            "left": 100.0,
            "right": None,
            "holds": False,
            "known": True,
            "kind": "condition",
            "depth": 0,
            "values": [],
        }
    ]
    assert (older["outcome"], older["refusal"], older["count"]) == ("refused", "OUTSIDE_WINDOW", 2)
    assert older["sentence"] == "The time is outside the trading window."
    assert (older["first_tau"], older["last_tau"]) == ("2026-03-10T14:31:00Z", "2026-03-10T14:32:00Z")
    assert (older["first_bar"], older["last_bar"]) == ("2026-03-10T14:30:00Z", "2026-03-10T14:31:00Z")
    assert (older["began_numbers"], older["numbers"]) == ({"price": 100.0}, {"price": 101.0})
    assert older["order_id"] is None


async def test_decisions_are_narrowed_and_paged(api: Api, desk: Desk) -> None:
    path = f"/bots/{desk.bot_id}/decisions"
    for minute in range(6):
        symbol = "AAPL" if minute % 2 else "MSFT"
        one = (
            Decision(symbol, Outcome.NONE) if minute < 2 else Decision(symbol, Outcome.REFUSED, _code(minute))
        )
        await desk.step(decisions=[DecisionEntry(one, [], None)], tau=TAU + minute * MINUTE)

    async def taus(**query: Any) -> list[int]:
        found = (await api.get(path, **query))["items"]
        return [int((datetime.fromisoformat(one["last_tau"]) - TAU) / MINUTE) for one in found]

    assert await taus() == [5, 4, 3, 2, 1, 0]
    assert await taus(symbol="AAPL") == [5, 3, 1]
    assert await taus(outcome="none") == [1, 0]
    assert await taus(code="COOLDOWN") == [5, 3]
    assert await taus(since=(TAU + MINUTE).isoformat(), until=(TAU + 3 * MINUTE).isoformat()) == [3, 2, 1]
    pages = [page async for page in api.walk(path, limit=4)]
    assert [len(page) for page in pages] == [4, 2]
    assert await taus(symbol="NOPE") == []
    for query, field in (({"limit": 0}, "limit"), ({"symbol": "\0"}, "symbol"), ({"code": "X"}, "code")):
        assert fields(await api.client.get(path, params=query)) == [field]


def _code(minute: int) -> RefusalCode:
    return RefusalCode.COOLDOWN if minute % 2 else RefusalCode.MARKET_CLOSING


async def test_refusals_are_counted_by_code(api: Api, desk: Desk) -> None:
    (row_id,) = (await desk.step(decisions=[DecisionEntry(OUTSIDE, [], None)])).decision_ids
    await desk.step(decisions=[DecisionEntry(OUTSIDE, [], row_id)], tau=TAU + MINUTE)
    smaller = Decision("AAPL", Outcome.ENTER, RefusalCode.INSUFFICIENT_CASH)
    await desk.step(decisions=[DecisionEntry(smaller, [], None)], tau=TAU + 2 * MINUTE)
    found = await api.get(f"/bots/{desk.bot_id}/decisions/refusals")
    assert [(one["code"], one["refused"], one["shrunk"]) for one in found] == [
        ("OUTSIDE_WINDOW", 2, 0),
        ("INSUFFICIENT_CASH", 0, 1),
    ]
    assert found[0]["sentence"] == "The time is outside the trading window."
    assert found[0]["newest"] == "2026-03-10T14:32:00Z"


async def test_every_outcome_and_refusal_has_its_sentence(api: Api, desk: Desk) -> None:
    outcomes = [Decision("A", outcome) for outcome in Outcome if outcome is not Outcome.REFUSED]
    refusals = [Decision("A", Outcome.REFUSED, code) for code in RefusalCode]
    await desk.step(decisions=[DecisionEntry(one, [], None) for one in (*outcomes, *refusals)])
    told = (await api.get(f"/bots/{desk.bot_id}/decisions"))["items"]
    assert len(told) == len(outcomes) + len(refusals)
    assert all(decision["sentence"].endswith((".", "bought.", "sold.")) for decision in told)


async def test_what_is_not_kept_is_said_to_be(api: Api, desk: Desk) -> None:
    path = f"/bots/{desk.bot_id}"
    for address, code in (
        (f"/decisions/at?symbol=AAPL&time={TAU:%Y-%m-%dT%H:%M:%SZ}", "NOT_KEPT"),
        ("/parity", "NO_PARITY_REPORT"),
        ("/parity?session=2026-03-10", "NO_PARITY_REPORT"),
    ):
        answer = await api.client.get(path + address)
        assert (answer.status_code, answer.json()["code"]) == (404, code)
    answer = await api.client.post(f"{path}/parity")
    assert (answer.status_code, answer.json()["code"]) == (404, "NO_STEP")
    assert fields(await api.client.get(f"{path}/decisions/at?symbol=AAPL&time=2026-03-10T14:31:00")) == [
        "time"
    ]


# --- retention --------------------------------------------------------------------------------------


async def test_what_is_old_goes_but_no_run_is_cut(api: Api, desk: Desk) -> None:
    """A run that began before the limit and ended after it stays whole, and so does each symbol's newest."""
    old, now = TAU - timedelta(days=30), TAU
    (long,) = (await desk.step(decisions=[DecisionEntry(OUTSIDE, [], None)], tau=old)).decision_ids
    await desk.step(decisions=[DecisionEntry(OUTSIDE, [], long)], tau=now)
    gone = DecisionEntry(Decision("MSFT", Outcome.NONE), [], None)
    newest = DecisionEntry(Decision("MSFT", Outcome.NONE), [SEEN], None)
    await desk.step(decisions=[gone], tau=old)
    (kept,) = (await desk.step(decisions=[newest], tau=old + MINUTE)).decision_ids
    for tau in (old, now):
        await _see(desk, tau)
        await _journal(desk, tau)
    async with desk.database.transaction() as session:
        session.add(EngineStateRow(account_id=desk.account_id, market_now=now))

    keeper = DecisionKeeper(desk.database, api.clock, keep=timedelta(days=10))
    assert await keeper.prune() == 5
    async with desk.database.transaction() as session:
        rows = {row.id: row.count for row in await session.scalars(select(DecisionRow))}
        left = [
            await session.scalar(select(func.count()).select_from(table))
            for table in (SeenMinuteRow, SeenLearntRow, BotStepRow, ReplayOriginRow)
        ]
    assert rows == {long: 2, kept: 1}
    assert left == [1, 1, 1, 1]
    assert await keeper.prune() == 0


async def _see(desk: Desk, tau: datetime) -> None:
    bar = Bar("AAPL", tau - MINUTE, 1.0, 2.0, 0.5, 1.5, 100.0)
    session = Session(tau - timedelta(hours=1), tau + timedelta(hours=1))
    learnt = [LearntBars("AAPL", Learnt.LATE, Series.from_bars([bar]))]
    await desk.store.record_seen(desk.account_id, SeenMinute(tau, session, {"AAPL": bar}, learnt))


async def _journal(desk: Desk, tau: datetime) -> None:
    origin = ReplayOrigin(tau, OriginCause.STARTED, None, 1, 10_000.0, 1e5, [], [], {}, [], {})
    journal = StepJournal([JournaledStep(tau, [("begin_run", {})])], origin)
    step = StepRecord(desk.bot_id, desk.account_id, 1, tau, [], [], {}, Decimal(0), journal=journal)
    await desk.store.record_step(step)
