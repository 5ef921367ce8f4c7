"""A bot's steps gone through again: bars as first seen, what its journal holds, the same kernel.

Where live trading asks its rules about one bar at a time, the replay asks them over whole columns: a
second way to the same signals.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

import numpy as np

from flotilla.domain import rules
from flotilla.domain.bots import BotSpec
from flotilla.domain.indicators import measures
from flotilla.domain.kernel.bot import KernelBot, KernelSpec, SymbolView
from flotilla.domain.kernel.decisions import Mode, StepResult
from flotilla.domain.kernel.journal import JournaledStep, go_through
from flotilla.domain.market import FloatArray, Instrument, Series, Session, TimeArray, ends_a_bar
from flotilla.domain.risk import Sizing
from flotilla.domain.rules import BoolArray, Chart, Rule
from flotilla.ports.decision_log import ReplayOrigin
from flotilla.research.parity.seen import ClosedMinute, SeenBars

_SIDES = ("entry", "exit", "short_entry", "short_exit")


@dataclass(frozen=True, slots=True)
class Recording:
    """What is kept of a bot: where it can be replayed from, and what it took in from there on.

    `spec` is the definition of the origin's version, `journal` by tau (seconds since 1970 UTC); `closes`
    are those of the exchange's sessions around, ascending, in the same seconds.
    """

    spec: BotSpec
    origin: ReplayOrigin
    journal: Mapping[int, JournaledStep]
    seen: SeenBars
    closes: TimeArray


@dataclass(frozen=True, slots=True)
class ReplayedStep:
    """One step: what the bot saw and what it decided. `bars` has the bar that each symbol's rules were
    asked about, as its place in the symbol's chart. `before`: the bot before the step, where wanted.
    """

    tau: int
    mode: Mode
    session: Session
    views: Mapping[str, SymbolView]
    result: StepResult
    bars: Mapping[str, int]
    charts: Mapping[str, Chart]
    before: KernelBot | None = None


def restored(recording: Recording, checkpoint: Mapping[str, Any] | None = None) -> KernelBot:
    """The bot as it was right before the origin's step, or as of another checkpoint."""
    spec, origin = recording.spec, recording.origin
    instruments = [_instrument(values) for values in origin.instruments]
    kernel = KernelSpec(
        spec.symbols,
        spec.risk,
        spec.window,
        account_equity=origin.account_equity,
        guarded=frozenset(origin.guarded),
        daily=spec.timeframe.is_daily,
    )
    state = origin.checkpoint if checkpoint is None else checkpoint
    # Not the origin's capital: what was transferred since is in the checkpoint already.
    capital = float(state["bot"]["capital"])
    bot = KernelBot(kernel, capital, {one.symbol: one for one in instruments})
    bot.restore(state)
    return bot


class Replay:
    """Steps `bot` from the origin on. Between two steps the bot is as it was live."""

    def __init__(self, recording: Recording) -> None:
        self.bot = restored(recording)
        self._recording = recording
        self._mode = Mode.TRADE
        self._stale: frozenset[str] = frozenset()
        self._must_go: frozenset[str] = frozenset()
        self._held_back = False
        self._asked: dict[str, int] = {}

    def run(self, until: int, *, watched: int | None = None) -> Iterator[ReplayedStep]:
        """Every step up to and including `until`; that at `watched` with the state before it.

        Both in seconds since 1970 UTC.
        """
        seen, first = self._recording.seen, _seconds(self._recording.origin.tau)
        turns = [first, *seen.turns(self.bot.symbols, first, until), until + 1]
        for begin, end in pairwise(turns):
            past = _Past(self._recording, self.bot.symbols, end - 1)
            for minute in seen.minutes:
                if begin <= minute.tau < end:
                    yield self._step(minute, past, watched == minute.tau)

    def take_in(self, tau: int) -> None:
        """Let happen what the journal has before the step at `tau`; the origin has it already."""
        told = self._recording.journal.get(tau)
        if told is None:
            return
        if tau != _seconds(self._recording.origin.tau):
            go_through(self.bot, told.calls)
        self._mode = self._mode if told.mode is None else told.mode
        self._stale = self._stale if told.stale is None else frozenset(told.stale)
        self._must_go = self._must_go if told.must_go is None else frozenset(told.must_go)
        self._held_back = self._held_back if told.held_back is None else told.held_back

    def _step(self, minute: ClosedMinute, past: "_Past", watched: bool) -> ReplayedStep:
        self.take_in(minute.tau)
        before = restored(self._recording, self.bot.checkpoint()) if watched else None
        asked = self._asked_at(minute, past)
        symbols = dict.fromkeys([*self._recording.spec.symbols, *self.bot.holdings])
        views = {
            symbol: view
            for symbol in symbols
            if (view := self._view(symbol, minute, past, asked.get(symbol))) is not None
        }
        tau = datetime.fromtimestamp(minute.tau, UTC)
        result = self.bot.step(
            views, tau=tau, session=minute.session, mode=self._mode, held_back=self._held_back
        )
        charts = {symbol: past.answers(symbol).chart for symbol in asked}
        return ReplayedStep(minute.tau, self._mode, minute.session, views, result, asked, charts, before)

    def _asked_at(self, minute: ClosedMinute, past: "_Past") -> dict[str, int]:
        """The bar that each symbol's rules are asked about now, by its place in the chart: each once."""
        origin, spec = self._recording.origin, self._recording.spec
        if minute.tau == _seconds(origin.tau):
            self._asked = dict(origin.asked)
            newest = {symbol: past.newest(symbol, minute.tau) for symbol in origin.evaluated}
            return {symbol: place for symbol, place in newest.items() if place is not None}
        if not self._is_step(minute):
            return {}
        found = {}
        for symbol in spec.symbols:
            place = past.newest(symbol, minute.tau)
            if place is None:
                continue
            start = int(past.answers(symbol).chart.bars.start[place])
            of_session = start + spec.timeframe.seconds > _seconds(minute.session.open)
            if of_session and start > self._asked.get(symbol, -1):
                found[symbol], self._asked[symbol] = place, start
        return found

    def _is_step(self, minute: ClosedMinute) -> bool:
        spec = self._recording.spec
        if spec.trading_frequency == spec.timeframe.seconds:
            tau = np.array([minute.tau])
            closes = self._recording.closes[:0] if spec.trades_coins else self._recording.closes
            clock = {"clock": UTC} if spec.trades_coins else {}
            return bool(ends_a_bar(tau, spec.timeframe, closes, **clock)[0])
        return (minute.tau - _seconds(minute.session.open)) % spec.trading_frequency == 0

    def _view(self, symbol: str, minute: ClosedMinute, past: "_Past", place: int | None) -> SymbolView | None:
        close = past.close(symbol, minute.tau)
        if close is None:
            return None
        bar = minute.bars.get(symbol)
        said: dict[str, Any] = {}
        if place is not None:
            said |= past.answers(symbol).at(place)
            if said["entry"] or said["short_entry"]:  # only an entry is sized
                said |= past.measured(symbol, place, minute.tau)
        return SymbolView(
            close=close,
            fresh=symbol not in self._stale,
            high=None if bar is None else bar[1],
            low=None if bar is None else bar[2],
            must_go=symbol in self._must_go,
            **({"warmed_up": True} | said),
        )


@dataclass(slots=True)
class _Answers:
    """What a symbol's rules say at every bar of its chart."""

    chart: Chart
    sides: Mapping[str, BoolArray]
    ready_from: int

    def at(self, place: int) -> dict[str, bool]:
        said = {side: bool(column[place]) for side, column in self.sides.items()}
        return said | {"warmed_up": place >= self.ready_from}


class _Past:
    """The symbols' bars as they were seen up to `until`, where nothing was learnt of them meanwhile."""

    def __init__(self, recording: Recording, symbols: Sequence[str], until: int) -> None:
        self._spec, self._closes, self._until = recording.spec, recording.closes, until
        self._bars = {symbol: recording.seen.as_of(symbol, until) for symbol in symbols}
        self._answers: dict[str, _Answers] = {}

    def close(self, symbol: str, tau: int) -> float | None:
        """The newest close at `tau` (USD)."""
        bars = self._bars[symbol]
        count = int(np.searchsorted(bars.start, tau))
        return float(bars.close[count - 1]) if count else None

    def newest(self, symbol: str, tau: int) -> int | None:
        """The newest bar of the bot's timeframe that is closed at `tau`, by its place in the chart."""
        if not len(self._bars[symbol]):
            return None
        count = int(np.searchsorted(self.answers(symbol).chart.ends, tau, side="right"))
        return count - 1 if count else None

    def answers(self, symbol: str) -> _Answers:
        if symbol not in self._answers:
            spec = self._spec
            until = datetime.fromtimestamp(self._until, UTC)
            chart = Chart(self._bars[symbol], spec.timeframe, spec.uses, until=until, closes=self._closes)
            sides = {side: _column(getattr(spec, side), chart) for side in _SIDES}
            self._answers[symbol] = _Answers(chart, sides, chart.ready_from(spec.lookback))
        return self._answers[symbol]

    def measured(self, symbol: str, place: int, tau: int) -> dict[str, float]:
        """What an entry is sized by."""
        risk, found = self._spec.risk, {}
        seen: Series = self.answers(symbol).chart.bars.cut(slice(None, place + 1))
        if risk.stop_loss_atr is not None:
            found["atr"] = _last(measures.average_true_range(seen))
        if risk.sizing is Sizing.VOLATILITY_TARGET:
            coin = self._spec.trades_coins
            found["volatility"] = _last(measures.volatility(seen, is_coin=coin))
        if risk.max_volume_percent is not None:
            bars = self._bars[symbol]
            base = bars.cut(slice(None, int(np.searchsorted(bars.start, tau))))
            found["liquidity"] = _last(measures.liquidity(base.tail(measures.LIQUIDITY_LENGTH)))
        return found


def _column(rule: Rule | None, chart: Chart) -> BoolArray:
    return np.zeros(len(chart), np.bool_) if rule is None else rules.evaluate(rule, chart)


def _last(column: FloatArray) -> float:
    return float(column[-1])


def _instrument(values: Mapping[str, Any]) -> Instrument:
    """What an earlier version did not keep has its usual value."""
    known = {one.name: one.type for one in fields(Instrument)}
    typed: dict[str, Any] = {
        name: Decimal(value) if known[name] is Decimal else value
        for name, value in values.items()
        if name in known
    }
    return Instrument(**typed)


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
