"""How far off our clock is, and what follows."""

from datetime import UTC, datetime, timedelta

import pytest

from flotilla.engine.clock_watch import ClockWatch
from tests.engine.harness import Engine

NOON = datetime(2026, 3, 10, 16, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def measured(*offsets: float, took: float = 0.4) -> ClockWatch:
    watch = ClockWatch()
    for offset in offsets:
        answered = NOON + took * SECOND
        watch.measured(NOON, NOON + (took / 2 + offset) * SECOND, answered)
    return watch


def test_the_offset_is_taken_at_the_middle_of_the_request() -> None:
    assert measured(-0.25).seconds == pytest.approx(-0.25)


@pytest.mark.parametrize(("offset", "too_far"), [(5.0, False), (5.1, True), (-5.1, True), (0.0, False)])
def test_beyond_five_seconds_it_is_too_far(offset: float, too_far: bool) -> None:
    assert measured(offset).is_too_far is too_far


def test_an_answer_that_took_long_says_nothing() -> None:
    assert measured(30.0, took=2.5).seconds is None
    assert not ClockWatch().is_too_far


def test_it_is_reported_once_and_when_it_is_right_again(capsys: pytest.CaptureFixture[str]) -> None:
    measured(0.9, 1.1, 1.2, 0.3, 0.2)
    said = capsys.readouterr().out
    assert said.count("clock_off") == 1
    assert said.count("clock_right_again") == 1


async def test_a_clock_that_is_too_far_off_refuses_entries_and_protects(engine: Engine) -> None:
    engine.kind = "alpaca_paper"
    engine.clock.time = engine.exchange.now - timedelta(seconds=6)
    async with engine.running():
        bot_id = await engine.start_bot()
        await engine.minute(AAPL=101.0)
        assert await engine.orders(bot_id) == []
        (refused,) = await engine.decisions(bot_id)
        assert refused.refusal == "STALE_DATA"
        assert (await engine.state()).clock_offset == pytest.approx(6.0)
        # Right again: it trades.
        engine.clock.time = engine.exchange.now
        await engine.supervisor._beat()
        await engine.minute(AAPL=101.0)
        await engine.minute(AAPL=101.0)
        assert await engine.position(bot_id) is not None
        # What is held is left whatever the clock says.
        engine.clock.time = engine.exchange.now - timedelta(seconds=9)
        await engine.supervisor._beat()
        await engine.minute(AAPL=121.0)
        await engine.minute(AAPL=121.0)
        assert await engine.position(bot_id) is None


async def test_a_practice_market_has_a_clock_of_its_own(engine: Engine) -> None:
    engine.clock.time = engine.exchange.now - timedelta(days=900)
    async with engine.running():
        bot_id = await engine.start_bot()
        await engine.minute(AAPL=101.0)
        assert len(await engine.orders(bot_id)) == 3
        assert (await engine.state()).clock_offset is None
