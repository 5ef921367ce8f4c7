"""State is a fold: the same fills and steps give the same doubles, wherever they are applied."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TypeVar

from hypothesis import given
from hypothesis import strategies as st

from flotilla.domain.kernel import (
    BotState,
    Holding,
    KernelSpec,
    Mode,
    PendingOrder,
    StepResult,
    SymbolView,
    apply_fill,
    order_done,
    step,
)
from flotilla.domain.market import Session, Window
from flotilla.domain.orders import Purpose, Side
from flotilla.domain.risk import RiskRules

SYMBOLS = ("AAPL", "MSFT", "SPY")
OPEN = datetime(2026, 3, 10, 13, 30, tzinfo=UTC)
SPEC = KernelSpec(SYMBOLS, RiskRules(position_percent=30.0, max_open_positions=2), Window(time(0), time(0)))
CAPITAL = 10_000.0
T = TypeVar("T")


@dataclass(frozen=True)
class Minute:
    """What one minute brings: how far each symbol opens and closes from before, and the rules' answers."""

    day: int
    gaps: tuple[float, ...]
    moves: tuple[float, ...]
    entries: tuple[bool | None, ...]
    exits: tuple[bool | None, ...]
    mode: Mode


def three(values: st.SearchStrategy[T]) -> st.SearchStrategy[tuple[T, ...]]:
    return st.tuples(values, values, values)


said = st.sampled_from([None, False, True])
minutes = st.builds(
    Minute,
    day=st.just(0),
    gaps=three(st.floats(-0.02, 0.02)),
    moves=three(st.floats(-0.05, 0.05)),
    entries=three(st.sampled_from([None, True, True])),
    exits=three(said),
    mode=st.sampled_from([Mode.TRADE, Mode.TRADE, Mode.TRADE, Mode.EXITS_ONLY, Mode.FLATTEN]),
)
runs = st.lists(minutes, min_size=1, max_size=20)


@dataclass
class Run:
    """A small market around the kernel: market orders fill whole at the next minute's open."""

    state: BotState
    prices: dict[str, float]
    results: list[StepResult]
    tau: datetime = OPEN

    def minute(self, minute: Minute, number: int) -> None:
        opens = {s: self.prices[s] * (1 + gap) for s, gap in zip(SYMBOLS, minute.gaps, strict=True)}
        for intent in self.results[-1].intents if self.results else ():
            apply_fill(
                self.state,
                symbol=intent.symbol,
                side=intent.side,
                quantity=intent.quantity,
                price=opens[intent.symbol],
                fee=0.01,
            )
            order_done(self.state, intent.symbol)
        self.prices = {s: opens[s] * (1 + move) for s, move in zip(SYMBOLS, minute.moves, strict=True)}
        session_open = OPEN + timedelta(days=number // 7)
        self.tau = session_open + timedelta(minutes=1 + number % 7)
        views = {
            s: SymbolView(self.prices[s], True, True, entry, exit_)
            for s, entry, exit_ in zip(SYMBOLS, minute.entries, minute.exits, strict=True)
        }
        session = Session(session_open, session_open + timedelta(hours=6.5))
        self.results.append(step(SPEC, self.state, views, tau=self.tau, session=session, mode=minute.mode))


def fresh() -> Run:
    return Run(BotState(cash=CAPITAL), {"AAPL": 187.31, "MSFT": 402.07, "SPY": 51.003}, [])


def play(minutes: Sequence[Minute], run: Run, first: int = 0) -> Run:
    for number, minute in enumerate(minutes, start=first):
        run.minute(minute, number)
    return run


def doubles(state: BotState) -> str:
    """Return every double exactly (repr gives them back bit by bit)."""
    return repr(asdict(state))


def restored(state: BotState) -> BotState:
    """Return the state as a checkpoint in JSON gives it back."""
    kept = json.loads(json.dumps(asdict(state), default=datetime.isoformat))
    return BotState(
        cash=kept["cash"],
        holdings={s: Holding(**holding) for s, holding in kept["holdings"].items()},
        pending={
            s: PendingOrder(Purpose(order["purpose"]), order["reserved"])
            for s, order in kept["pending"].items()
        },
        marks=kept["marks"],
        session_open=datetime.fromisoformat(kept["session_open"]),
        day_baseline=kept["day_baseline"],
        closing_equity=kept["closing_equity"],
    )


@given(run=runs)
def test_the_same_inputs_give_the_same_doubles(run: list[Minute]) -> None:
    once, again = play(run, fresh()), play(run, fresh())
    assert doubles(once.state) == doubles(again.state)
    assert repr(once.results) == repr(again.results)


@given(run=runs, cut=st.integers(1, 20))
def test_a_restart_from_a_checkpoint_changes_nothing(run: list[Minute], cut: int) -> None:
    cut = min(cut, len(run))
    whole = play(run, fresh())
    before = play(run[:cut], fresh())
    resumed = Run(restored(before.state), dict(before.prices), list(before.results))
    after = play(run[cut:], resumed, first=cut)
    assert doubles(after.state) == doubles(whole.state)
    assert repr(after.results) == repr(whole.results)


@given(run=runs)
def test_limits_hold_at_every_step(run: list[Minute]) -> None:
    played = fresh()
    for number, minute in enumerate(run):
        played.minute(minute, number)
        state, result = played.state, played.results[-1]
        entries = [i for i in result.intents if i.purpose is Purpose.ENTRY]
        assert len(state.holdings.keys() | {i.symbol for i in entries}) <= SPEC.risk.max_open_positions
        assert all(i.quantity >= 1 and i.quantity == int(i.quantity) for i in entries)
        assert not entries or state.free_cash >= 0
        assert not entries or minute.mode is Mode.TRADE
        sides = [i.side for i in result.intents]
        assert sides == sorted(sides, key=lambda side: side is Side.BUY)
        assert len({i.symbol for i in result.intents}) == len(sides)
        for intent in result.intents:
            if intent.side is Side.SELL:
                assert intent.quantity == state.holdings[intent.symbol].quantity
            assert intent.tau == played.tau


@given(run=runs)
def test_equity_changes_only_by_prices_and_fees(run: list[Minute]) -> None:
    played = fresh()
    for number, minute in enumerate(run):
        held = {s: h.quantity for s, h in played.state.holdings.items()}
        orders = played.results[-1].intents if played.results else []
        before, marks = played.state.equity, dict(played.state.marks)
        played.minute(minute, number)
        opens = {s: marks.get(s, 0.0) * (1 + gap) for s, gap in zip(SYMBOLS, minute.gaps, strict=True)}
        fees = 0.01 * len(orders)
        change = sum(q * (opens[s] - marks[s]) for s, q in held.items()) - fees
        for intent in orders:
            held[intent.symbol] = held.get(intent.symbol, 0.0) + (
                intent.quantity if intent.side is Side.BUY else -intent.quantity
            )
        change += sum(q * (played.prices[s] - opens[s]) for s, q in held.items() if q)
        assert abs(played.state.equity - before - change) < 1e-6
