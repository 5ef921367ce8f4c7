"""What keeps a bot from an entry: every gate alone, their order, and what halts and pauses last."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from flotilla.domain import codes
from flotilla.domain.kernel.bot import KernelBot, KernelSpec, SymbolView
from flotilla.domain.kernel.decisions import Decision, Mode, Outcome
from flotilla.domain.market import Instrument, Session, Window
from flotilla.domain.risk import RefusalCode, RiskRules
from tests.kernel.table import bare, bot, entries, fills, play, reasons, refusals

OPEN = datetime(2026, 3, 10, 13, 30, tzinfo=UTC)
TAU = OPEN + timedelta(minutes=30)
SYMBOLS = ("AAPL", "MSFT", "SPY")


# --- the order of the gates: each makes the ones before it pass ------------------------------------------


@dataclass
class Attempt:
    """An entry that nothing refuses, until a gate's own trouble is added."""

    risk: dict[str, Any] = field(default_factory=lambda: dict(SOUND))
    view: dict[str, Any] = field(default_factory=dict)
    mode: Mode = Mode.TRADE
    held_back: bool = False
    window: Window = field(default_factory=lambda: Window(time(0), time(0)))
    close: datetime = OPEN + timedelta(hours=6.5)
    bot: dict[str, float] = field(default_factory=dict)
    slots: dict[str, dict[str, float]] = field(default_factory=dict)
    account_limited: bool = False

    def decision(self) -> Decision:
        live = live_bot(bare(**self.risk), self.window)
        for name, value in self.bot.items():
            live.book.bots[0][name] = value
        for symbol, values in self.slots.items():
            for name, value in values.items():
                live.book.slots[SYMBOLS.index(symbol)][name] = value
        live.book.account[0].limited = self.account_limited
        known: dict[str, Any] = {"close": 100.0, "fresh": True, "warmed_up": True, "entry": True}
        views = {"AAPL": SymbolView(**known | {"liquidity": 1e9} | self.view)}
        session = Session(OPEN, self.close)
        result = live.step(views, tau=TAU, session=session, mode=self.mode, held_back=self.held_back)
        (found,) = [one for one in result.decisions if one.outcome is not Outcome.EXIT]
        return found


SOUND: dict[str, Any] = {
    "position_percent": 10.0,
    "stop_loss_percent": 2.0,
    "max_volume_percent": 5.0,
    "max_open_positions": 1,
    "max_consecutive_losses": 3,
    "max_trades_per_day": 5,
}
# A position that costs nothing and is worth nothing: only that it is there counts.
HELD = {"quantity": 1.0, "entry_price": 100.0, "since": 0}
COOLING = {"cooldown_until": TAU.timestamp() + 60.0}
FIXED_STOP = {"stop_loss_percent": None, "stop_loss_price": 120.0}
Trouble = Callable[[Attempt], object]
GATES: list[tuple[RefusalCode, Trouble]] = [
    (RefusalCode.NOT_RUNNING, lambda one: setattr(one, "mode", Mode.PAUSED)),
    (RefusalCode.STALE_DATA, lambda one: one.view.update(fresh=False)),
    (RefusalCode.WARMING_UP, lambda one: one.view.update(warmed_up=False)),
    (RefusalCode.OUTSIDE_WINDOW, lambda one: setattr(one, "window", Window(time(14), time(15)))),
    (RefusalCode.MARKET_CLOSING, lambda one: setattr(one, "close", TAU)),
    (RefusalCode.DAILY_LOSS_HALT, lambda one: one.bot.update(daily_loss_halted=1)),
    (RefusalCode.DRAWDOWN_HALT, lambda one: one.bot.update(drawdown_halted=1)),
    (RefusalCode.LOSS_STREAK_HALT, lambda one: one.bot.update(losses_in_a_row=3)),
    (RefusalCode.TRADES_A_DAY, lambda one: one.bot.update(trades_today=5)),
    (RefusalCode.COOLDOWN, lambda one: one.slots.setdefault("AAPL", {}).update(COOLING)),
    (RefusalCode.ORDER_PENDING, lambda one: one.slots.setdefault("AAPL", {}).update(pending=codes.EXIT)),
    (RefusalCode.POSITION_HELD, lambda one: one.slots.setdefault("AAPL", {}).update(HELD)),
    (RefusalCode.CONFLICTING_SIGNALS, lambda one: one.view.update(short_entry=True)),
    (RefusalCode.MAX_OPEN_POSITIONS, lambda one: one.slots.update(MSFT=HELD)),
    (RefusalCode.STOP_BEYOND_PRICE, lambda one: one.risk.update(FIXED_STOP)),
    (RefusalCode.SIZE_TOO_SMALL, lambda one: one.risk.update(position_percent=0.5)),
    (RefusalCode.POSITION_CAP, lambda one: one.risk.update(max_position_amount=50.0)),
    (RefusalCode.SYMBOL_CAP, lambda one: one.risk.update(max_symbol_percent=0.5)),
    (RefusalCode.EXPOSURE_CAP, lambda one: one.risk.update(max_exposure_percent=0.5)),
    (RefusalCode.LIQUIDITY_CAP, lambda one: one.view.update(liquidity=10.0)),
    (RefusalCode.ACCOUNT_LIMIT, lambda one: setattr(one, "account_limited", True)),
    (RefusalCode.INSUFFICIENT_CASH, lambda one: one.slots.update(SPY={"reserved": 9_950.0})),
    (RefusalCode.UNRECONCILED, lambda one: setattr(one, "held_back", True)),
]


def refusal(refusing: set[RefusalCode]) -> RefusalCode | None:
    """The decision about an entry that all of `refusing` refuse."""
    attempt = Attempt()
    for code, trouble in GATES:
        if code in refusing:
            trouble(attempt)
    return attempt.decision().refusal


def live_bot(risk: RiskRules, window: Window) -> KernelBot:
    """A bot in the middle of its day."""
    live = KernelBot(KernelSpec(SYMBOLS, risk, window), 10_000.0, {s: Instrument(s, s) for s in SYMBOLS})
    live.step({}, tau=TAU - timedelta(minutes=1), session=Session(OPEN, OPEN + timedelta(hours=6.5)))
    return live


@pytest.mark.parametrize("code", [code for code, _ in GATES])
def test_every_gate_refuses_alone(code: RefusalCode) -> None:
    assert refusal({code}) is code


def test_nothing_refuses_a_sound_entry() -> None:
    assert refusal(set()) is None


@pytest.mark.parametrize("first", range(len(GATES)))
def test_the_first_gate_that_refuses_gives_the_code(first: int) -> None:
    assert refusal({code for code, _ in GATES[first:]}) is GATES[first][0]


def test_the_gates_are_all_there_are() -> None:
    assert {code for code, _ in GATES} == set(RefusalCode) - {RefusalCode.NO_EDGE}
    numbers = [getattr(codes, code.value) for code, _ in GATES]
    assert numbers == sorted(numbers)


# --- the window and the close -----------------------------------------------------------------------------

WINDOW = Window(time(9, 32), time(9, 34))


@pytest.mark.parametrize(
    ("minute", "expected"),
    [
        (0, RefusalCode.OUTSIDE_WINDOW),
        (1, None),
        (2, None),
        (3, RefusalCode.OUTSIDE_WINDOW),
    ],
)
def test_the_window_is_from_its_start_to_before_its_end(minute: int, expected: RefusalCode | None) -> None:
    run = play(bot(bare(), {minute: "buy"}, window=WINDOW), [50.0] * 5)
    assert dict(refusals(run)).get(minute) is expected


def test_nothing_is_opened_without_a_further_minute() -> None:
    run = play(bot(bare(), {3: "buy", 4: "buy"}), [50.0, 50.0, 50.0, 50.0, 50.0], session=5)
    assert fills(run) == [(4, "entry", 100.0, 50.0)]
    assert refusals(play(bot(bare(), {4: "buy"}), [50.0] * 5, session=5)) == [(4, RefusalCode.MARKET_CLOSING)]


def test_flatten_is_due_a_minute_before_the_windows_end() -> None:
    risk = bare(flatten_at_window_end=True)
    run = play(bot(risk, {1: "buy", 2: "buy"}, window=Window(time(9, 32), time(9, 36))), [50.0] * 7)
    assert fills(run) == [(2, "entry", 100.0, 50.0), (5, "flatten", -100.0, 50.0)]
    assert reasons(run) == [(5, "window_end")]
    late = play(bot(risk, {4: "buy"}, window=Window(time(9, 32), time(9, 36))), [50.0] * 7)
    assert refusals(late) == [(4, RefusalCode.MARKET_CLOSING)]


def test_flatten_is_due_a_minute_before_the_sessions_end() -> None:
    run = play(bot(bare(flatten_at_window_end=True), {0: "buy"}), [50.0] * 5, session=5)
    assert fills(run)[1:] == [(4, "flatten", -100.0, 50.0)]


# --- halts ------------------------------------------------------------------------------------------------


def test_the_daily_loss_halts_until_the_next_day() -> None:
    said = {"AAPL": {0: "buy"}, "MSFT": {2: "buy", 3: "buy", 4: "buy"}}
    prices = {"AAPL": [50.0, 50.0, 47.0, 50.0], "MSFT": [50.0] * 4}
    run = play(bot(bare(daily_loss_limit_percent=3.0), said), prices, {"AAPL": [50.0], "MSFT": [50.0]})
    # 100 shares lose 300 of 10,000: halted, even when they come back.
    assert refusals(run) == [(2, RefusalCode.DAILY_LOSS_HALT), (3, RefusalCode.DAILY_LOSS_HALT)]
    assert run.decisions[1].numbers[:2] == (-300.0, 10_000.0)
    assert len(entries(run)) == 2


def test_the_overnight_gap_counts_in_the_new_day() -> None:
    said = {"AAPL": {0: "buy"}, "MSFT": {2: "buy"}}
    risk = bare(daily_loss_limit_percent=3.0, stop_loss_percent=2.0)
    run = play(
        bot(risk, said),
        {"AAPL": [50.0, 50.0], "MSFT": [50.0, 50.0]},
        {"AAPL": [46.0], "MSFT": [50.0]},
        session=2,
    )
    # The stop sold at the gap's open, before the day's first step: the loss is still the new day's.
    assert fills(run)[-1] == (2, "stop_loss", -100.0, 46.0)
    assert refusals(run) == [(2, RefusalCode.DAILY_LOSS_HALT)]
    assert run.decisions[-1].numbers[:2] == (-400.0, 10_000.0)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"daily_loss_limit_percent": 3.0, "daily_loss_flatten": True}, "daily_loss"),
        ({"max_drawdown_percent": 3.0, "max_drawdown_flatten": True}, "drawdown"),
    ],
)
def test_a_halt_may_flatten(settings: dict[str, Any], reason: str) -> None:
    run = play(bot(bare(**settings), {0: "buy"}), [50.0, 50.0, 47.0, 47.5, 47.5])
    assert fills(run)[1:] == [(3, "flatten", -100.0, 47.5)]
    assert reasons(run) == [(3, reason)]


def test_the_drawdown_halts_for_good_from_the_highest_equity() -> None:
    said = {"AAPL": {0: "buy"}, "MSFT": {3: "buy", 4: "buy", 5: "buy"}}
    prices = [50.0, 50.0, 60.0, 55.0, 54.5], [54.5]
    days = [{"AAPL": one, "MSFT": [50.0] * len(one)} for one in prices]
    run = play(bot(bare(max_drawdown_percent=5.0, max_open_positions=1), said), *days)
    # From 11,000 to 10,500 is 4.5 %, to 10,450 5 %; the next day changes nothing.
    assert refusals(run) == [
        (3, RefusalCode.MAX_OPEN_POSITIONS),
        (4, RefusalCode.DRAWDOWN_HALT),
        (5, RefusalCode.DRAWDOWN_HALT),
    ]
    assert run.decisions[2].numbers[:2] == (10_450.0, 11_000.0)


def test_a_limit_that_is_off_halts_not_even_a_bot_with_less_than_nothing() -> None:
    said = {"AAPL": {0: "short", 3: "cover"}, "MSFT": {5: "buy"}}
    day, more = [50.0, 50.0, 200.0, 250.0, 250.0], [250.0, 250.0]
    days = [{"AAPL": day, "MSFT": [50.0] * 5}, {"AAPL": more, "MSFT": [50.0] * 2}]
    run = play(bot(bare(position_percent=99.0), said), *days)
    assert run.tape.equity[0, -1] < 0.0
    assert refusals(run) == [(5, RefusalCode.SIZE_TOO_SMALL)]


def test_losses_in_a_row_halt_until_the_next_day() -> None:
    said = {0: "buy", 1: "sell", 3: "buy", 4: "sell", 6: "buy", 7: "buy"}
    day = [50.0, 50.0, 49.0, 50.0, 50.0, 49.0, 50.0]
    run = play(bot(bare(max_consecutive_losses=2), said), day, [50.0])
    assert refusals(run) == [(6, RefusalCode.LOSS_STREAK_HALT)]
    assert run.decisions[-2].numbers[:2] == (2.0, 2.0)
    # Without a loss the streak ends.
    even = [50.0, 50.0, 49.0, 50.0, 50.0, 50.0, 50.0]
    assert refusals(play(bot(bare(max_consecutive_losses=2), said), even, [50.0])) == []


def test_trades_a_day() -> None:
    said = {0: "buy", 1: "sell", 3: "buy", 4: "sell", 6: "buy", 7: "buy"}
    run = play(bot(bare(max_trades_per_day=2), said), [50.0] * 7, [50.0])
    assert refusals(run) == [(6, RefusalCode.TRADES_A_DAY)]
    assert run.decisions[-2].numbers[:2] == (2.0, 2.0)


@pytest.mark.parametrize(
    ("settings", "exit_price", "until"),
    [
        ({"cooldown_minutes": 2}, 50.0, 4),
        ({"loss_cooldown_minutes": 3}, 49.0, 5),
        ({"loss_cooldown_minutes": 3}, 50.0, 2),
        ({"cooldown_minutes": 4, "loss_cooldown_minutes": 3}, 49.0, 6),
    ],
)
def test_cooldowns_count_from_the_step_that_saw_the_exit(
    settings: dict[str, Any], exit_price: float, until: int
) -> None:
    said = {0: "buy", 1: "sell"} | dict.fromkeys(range(2, 8), "buy")
    run = play(bot(bare(**settings), said), [50.0, 50.0, exit_price, *([50.0] * 6)])
    cooled = [minute for minute, code in refusals(run) if code is RefusalCode.COOLDOWN]
    assert cooled == list(range(2, until))
    if cooled:
        first = next(one for one in run.decisions if one.refusal is RefusalCode.COOLDOWN)
        assert first.numbers[0] == 60.0 * (until - 2)
