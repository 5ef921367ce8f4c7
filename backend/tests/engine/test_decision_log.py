"""What the engine leaves for the decision log: replayed it decides the same, and refusals are explained."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from flotilla.db.tables import BotRow, BotVersionRow
from flotilla.domain.bots import BotStatus, OnStop
from flotilla.domain.orders import OrderStatus
from flotilla.domain.risk import RefusalCode
from flotilla.engine.bot_loop import BotLoop
from flotilla.features.decisions.keeper import DecisionKeeper
from flotilla.features.decisions.recordings import Recordings
from flotilla.features.decisions.reports import Due, ReportStore
from flotilla.ports.store import MarketSnapshot
from flotilla.research.parity.causes import Cause
from flotilla.research.parity.gates import Evaluation, GateState, evaluation_at
from flotilla.research.parity.report import ParityReport, parity_report
from flotilla.wire.rows import definition
from tests.builders import condition, constant, every, price
from tests.engine.exchange import Exchange, bar_of, session_of
from tests.engine.fakes import refused
from tests.engine.harness import BOT, NO_LEGS, Engine, hold

DAY = date(2026, 3, 10)
MINUTE = timedelta(minutes=1)
AVERAGE = {"id": "mean", "name": "SMA", "params": {"timeperiod": 3}}


@pytest.fixture(autouse=True)
def every_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each step is written at once, so that a report in mid-session has them all."""
    monkeypatch.setattr(BotLoop, "WRITES_EVERY", 1)


@pytest.fixture
def put_off(every_minute: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is written but for a cause."""
    monkeypatch.setattr(BotLoop, "WRITES_EVERY", 1 << 40)


@pytest.fixture(autouse=True)
async def no_threads_left(no_leaks: None) -> AsyncIterator[None]:
    """Bars are unpacked in a thread of the loop's own."""
    yield
    await asyncio.get_running_loop().shutdown_default_executor()


async def report_of(engine: Engine, bot_id: str) -> ParityReport:
    material = await Recordings(engine.database).of_session(bot_id, DAY)
    assert material is not None
    return parity_report(material)


async def evaluation(engine: Engine, bot_id: str, symbol: str, tau: datetime) -> Evaluation:
    kept = await Recordings(engine.database).at(bot_id, tau)
    assert kept is not None
    found = evaluation_at(kept[0], symbol, int(tau.timestamp()))
    assert found is not None
    return found


def causes(report: ParityReport) -> list[Cause]:
    """The causes of differences that do not only follow from others."""
    return [one.cause for one in report.fills.differences if not one.follows]


# --- parity -----------------------------------------------------------------------------------------


async def test_a_run_with_fills_is_replayed_and_backtested_alike(engine: Engine) -> None:
    """Stops and targets fill within their bars at their prices: as the model has them."""
    async with engine.running():
        bot_id = await hold(engine)
        for close in (102.0, 104.0, (104.0, 112.0, 100.0, 100.0), 90.0, 101.0, 101.0, 101.0):
            await engine.minute(AAPL=close)
        report = await report_of(engine, bot_id)
    assert report.decisions.mismatches == []
    assert (report.decisions.evaluations, report.decisions.intents) == (9, 2)
    assert report.fills.differences == []
    assert (report.fills.percent, report.fills.equal) == (100.0, 3)


async def test_a_restart_is_replayed_and_the_runs_of_decisions_go_on(engine: Engine) -> None:
    """Nothing is lost between the two lives, and what was being said goes on in its row."""
    async with engine.running():
        bot_id = await hold(engine, symbols=["AAPL", "MSFT"])
        for _ in range(3):
            await engine.minute(AAPL=102.0, MSFT=90.0)
    before = {row.id: row.count for row in await engine.decisions(bot_id)}
    async with engine.running():
        await engine.until_status(bot_id, BotStatus.RUNNING)
        for _ in range(2):
            await engine.minute(AAPL=102.0, MSFT=90.0)
        report = await report_of(engine, bot_id)
    after = {row.id: row.count for row in await engine.decisions(bot_id)}
    assert after.keys() == before.keys()
    longer = {row_id for row_id in after if after[row_id] == before[row_id] + 2}
    assert {row.symbol for row in await engine.decisions(bot_id) if row.id in longer} == {"AAPL", "MSFT"}
    assert report.decisions.mismatches == []
    assert report.fills.differences == []


async def told(engine: Engine, bot_id: str) -> list[tuple[str, str, int, datetime]]:
    """What is stored of each run, in the order of their rows."""
    return [(d.symbol, d.outcome, d.count, d.last_tau) for d in await engine.decisions(bot_id)]


@pytest.mark.usefixtures("put_off")
async def test_steps_that_say_nothing_new_are_written_with_the_next_that_does(engine: Engine) -> None:
    """Until then not a row changes; all of them are counted, each with its own last minute."""
    async with engine.running():
        bot_id = await engine.start_bot(symbols=["AAPL", "MSFT"], risk_management=NO_LEGS)
        first = await engine.minute(AAPL=90.0, MSFT=90.0)
        await engine.minute(AAPL=91.0, MSFT=91.0)
        both = await engine.minute(AAPL=92.0, MSFT=92.0)
        asked = await engine.minute(AAPL=93.0)
        quiet = await told(engine, bot_id)
        entered = await engine.minute(AAPL=101.0)
        written = await told(engine, bot_id)
        report = await report_of(engine, bot_id)
    assert quiet == [("AAPL", "none", 1, first), ("MSFT", "none", 1, first)]
    assert written == [
        ("AAPL", "none", 4, asked),
        ("MSFT", "none", 3, both),
        ("AAPL", "enter", 1, entered),
    ]
    assert (report.decisions.mismatches, report.decisions.evaluations) == ([], 8)


@pytest.mark.usefixtures("put_off")
async def test_a_bot_that_ends_leaves_nothing_unwritten(engine: Engine) -> None:
    async with engine.running():
        bot_id = await engine.start_bot(risk_management=NO_LEGS)
        for _ in range(3):
            tau = await engine.minute(AAPL=90.0)
        await engine.want(bot_id, "stopped")
        await engine.until_status(bot_id, BotStatus.STOPPED)
        report = await report_of(engine, bot_id)
    assert await told(engine, bot_id) == [("AAPL", "none", 3, tau)]
    assert (report.decisions.mismatches, report.decisions.evaluations) == ([], 3)


@pytest.mark.usefixtures("put_off")
async def test_an_edit_counts_what_the_version_before_had_put_off(engine: Engine) -> None:
    async with engine.running():
        bot_id = await engine.start_bot(risk_management=NO_LEGS)
        for _ in range(3):
            tau = await engine.minute(AAPL=90.0)
        await engine.edit(bot_id, risk_management=NO_LEGS | {"position_percent": 40})
        await engine.until_version(bot_id, 2)
        after = await engine.minute(AAPL=90.0)
        report = await report_of(engine, bot_id)
    assert await told(engine, bot_id) == [("AAPL", "none", 3, tau), ("AAPL", "none", 1, after)]
    assert (report.decisions.mismatches, report.decisions.evaluations) == ([], 4)


@pytest.mark.usefixtures("put_off")
async def test_a_crash_loses_only_counts_and_the_replay_still_agrees(engine: Engine) -> None:
    """What nobody wrote is not said to have been; state and orders go on as if it had been."""
    async with engine.running():
        bot_id = await engine.start_bot(risk_management=NO_LEGS)
        first = await engine.minute(AAPL=90.0)
        await engine.minute(AAPL=90.0)
    assert await told(engine, bot_id) == [("AAPL", "none", 1, first)]
    async with engine.running():
        await engine.until_status(bot_id, BotStatus.RUNNING)
        await engine.minute(AAPL=90.0)
        await engine.minute(AAPL=101.0)
        report = await report_of(engine, bot_id)
    assert [(outcome, count) for _, outcome, count, _ in await told(engine, bot_id)] == [
        ("none", 2),
        ("enter", 1),
    ]
    assert report.decisions.mismatches == []
    assert report.fills.differences == []


async def test_an_order_that_was_rejected_is_the_cause_of_what_is_missing(
    engine: Engine, exchange: Exchange
) -> None:
    async with engine.running():
        bot_id = await engine.start_bot(risk_management=NO_LEGS)
        exchange.once("submit", *[refused("insufficient buying power")] * 9)
        for close in (101.0, 119.5, 119.5, 121.0, 90.0):
            await engine.minute(AAPL=close)
        assert [row.status for row in await engine.orders(bot_id)] == [OrderStatus.REJECTED]
        report = await report_of(engine, bot_id)
    assert report.decisions.mismatches == []
    assert causes(report) == [Cause.REJECTED]
    assert {one.cause for one in report.fills.differences} == {Cause.REJECTED}
    assert (report.fills.live, report.fills.model) == (0, 2)


async def test_a_bar_that_came_late_is_seen_from_then_on_and_the_cause(
    engine: Engine, exchange: Exchange
) -> None:
    """The minute's own decision had not seen it; later ones have. The backtest has it from the start."""
    rules = {"entry": BOT["rules"]["entry"]}
    async with engine.running():
        bot_id = await engine.start_bot(symbols=["AAPL", "MSFT"], risk_management=NO_LEGS, rules=rules)
        await engine.minute(AAPL=90.0, MSFT=90.0)
        missed = exchange.now
        tau = await engine.minute(MSFT=90.0)
        late = bar_of("AAPL", missed, 101.0)
        exchange.history.add(late)
        exchange.bar_stream.send(late)
        await engine.minute(AAPL=90.0, MSFT=90.0)
        await engine.minute(AAPL=90.0, MSFT=90.0)
        report = await report_of(engine, bot_id)
        told = await evaluation(engine, bot_id, "AAPL", tau)
    assert report.decisions.mismatches == []
    assert causes(report) == [Cause.DATA_LATE]
    assert (report.fills.live, report.fills.model) == (0, 1)
    assert told.bar is None, "the bar that came late was not there to be asked about"


async def test_minutes_that_the_engine_was_away_are_downtime(engine: Engine, exchange: Exchange) -> None:
    async with engine.running():
        bot_id = await engine.start_bot(risk_management=NO_LEGS)
        await engine.minute(AAPL=90.0)
    for _ in range(2):
        exchange.minute(AAPL=101.0)
    async with engine.running():
        await engine.until_status(bot_id, BotStatus.RUNNING)
        await engine.minute(AAPL=90.0)
        await engine.minute(AAPL=90.0)
        report = await report_of(engine, bot_id)
    assert report.decisions.mismatches == []
    assert causes(report) == [Cause.DOWNTIME]


async def test_bars_that_a_dropped_stream_did_not_bring_are_data_that_came_late(
    engine: Engine, exchange: Exchange
) -> None:
    async with engine.running():
        bot_id = await engine.start_bot(risk_management=NO_LEGS)
        await engine.minute(AAPL=90.0)
        exchange.bar_stream.away = True
        for _ in range(2):
            exchange.minute(AAPL=101.0)
        exchange.bar_stream.reconnect()
        await engine.minute(AAPL=90.0)
        await engine.minute(AAPL=90.0)
        report = await report_of(engine, bot_id)
    assert report.decisions.mismatches == []
    assert causes(report) == [Cause.DATA_LATE]


async def test_a_bot_that_was_edited_is_replayed_by_each_of_its_versions(engine: Engine) -> None:
    async with engine.running():
        bot_id = await hold(engine)
        await engine.want(bot_id, "stopped")
        await engine.until_status(bot_id, BotStatus.STOPPED)
        away = await engine.minute(AAPL=102.0)
        await edit(engine, bot_id, rules={"exit": every(condition(price(), "above", constant(103)))})
        await engine.want(bot_id, "running")
        await engine.until_status(bot_id, BotStatus.RUNNING)
        for close in (102.0, 104.0, 104.0, 104.0):
            await engine.minute(AAPL=close)
        assert await Recordings(engine.database).at(bot_id, away) is None, "it took no step while stopped"
        material = await Recordings(engine.database).of_session(bot_id, DAY)
        assert material is not None
        report = parity_report(material)
    origins = [stretch.recording.origin for stretch in material.stretches]
    assert [(one.cause, one.bot_version) for one in origins] == [("started", 1), ("edited", 2)]
    assert report.decisions.mismatches == []
    assert report.fills.differences == []
    assert report.fills.equal == 3


async def edit(engine: Engine, bot_id: str, *, rules: dict[str, Any]) -> None:
    """Save another version of the bot, as the API does."""
    async with engine.database.transaction() as session:
        row = await session.get_one(BotRow, bot_id)
        row.rules = row.rules | rules
        row.version += 1
        kept = definition(row).model_dump(mode="json")
        session.add(BotVersionRow(bot_id=bot_id, version=row.version, definition=kept))


async def test_each_session_that_has_ended_gets_its_report(engine: Engine) -> None:
    keeper = DecisionKeeper(engine.database, engine.clock, keep=timedelta(days=30))
    reports = ReportStore(engine.database)
    async with engine.running():
        bot_id = await hold(engine)
    assert Due(bot_id, DAY) not in await reports.due(1_000), "the session goes on"
    closed = MarketSnapshot(now=session_of(DAY).close)
    await engine.store.heartbeat(engine.account_id, closed, engine.clock.now())
    assert Due(bot_id, DAY) in await reports.due(1_000)
    assert await keeper.report_ended() >= 1
    assert Due(bot_id, DAY) not in await reports.due(1_000)
    stored = await reports.read(bot_id, DAY)
    assert stored is not None
    assert (stored.bot_name, stored.decisions.percent, stored.fills.percent) == ("Test bot", 100, 100)
    assert await reports.read(bot_id, DAY - timedelta(days=1)) is None


async def test_what_a_person_had_sold_is_manual(engine: Engine) -> None:
    async with engine.running():
        bot_id = await hold(engine)
        await engine.want(bot_id, "stopped", OnStop.FLATTEN)
        await engine.until_status(bot_id, BotStatus.STOPPING)
        await engine.minute(AAPL=102.0)
        await engine.until_status(bot_id, BotStatus.STOPPED)
        report = await report_of(engine, bot_id)
    assert report.decisions.mismatches == []
    assert set(causes(report)) <= {Cause.MANUAL}


# --- explained --------------------------------------------------------------------------------------


async def test_a_refused_trade_is_explained(engine: Engine) -> None:
    """Which conditions held, what each gate asked, which one refused, and its numbers."""
    risk = NO_LEGS | {"max_open_positions": 1}
    async with engine.running():
        bot_id = await engine.start_bot(symbols=["AAPL", "MSFT"], risk_management=risk, indicators=[AVERAGE])
        await engine.minute(AAPL=101.0, MSFT=90.0)
        tau = await engine.minute(AAPL=102.0, MSFT=105.0)
        await engine.minute(AAPL=102.0, MSFT=90.0)
        turned_down = await evaluation(engine, bot_id, "MSFT", tau)
        entered = await evaluation(engine, bot_id, "AAPL", tau - MINUTE)

    assert turned_down.decision is not None
    assert turned_down.decision.refusal is RefusalCode.MAX_OPEN_POSITIONS
    conditions = [part for part in turned_down.rules["entry"] if not part.is_group]
    assert [(part.left, part.right, part.holds) for part in conditions] == [
        (105.0, 100.0, True),
        (105.0, 119.0, True),
    ]
    assert turned_down.indicators == {"mean.sma": 95.0, "close": 105.0}
    gates = {gate.code: gate for gate in turned_down.gates}
    asked = list(RefusalCode)
    refusing = asked.index(RefusalCode.MAX_OPEN_POSITIONS)
    assert {gates[code].state for code in asked[:refusing]} == {GateState.PASSED}
    assert {gates[code].state for code in asked[refusing + 1 :]} == {GateState.NOT_ASKED}
    assert gates[asked[refusing]].state is GateState.REFUSED
    assert gates[asked[refusing]].numbers == {"open": 1.0, "limit": 1.0}
    assert gates[RefusalCode.OUTSIDE_WINDOW].numbers == {"minute": 602.0, "start": 0.0, "end": 0.0}
    assert gates[RefusalCode.MARKET_CLOSING].numbers == {"seconds_left": 358 * 60.0}

    assert {gate.state for gate in entered.gates} == {GateState.PASSED}
    sized = next(gate for gate in entered.gates if gate.code is RefusalCode.INSUFFICIENT_CASH)
    assert sized.numbers["cash"] == 10_000.0
    assert sized.numbers["quantity"] == 49.0
