"""One evaluation told in full: what the rules saw, and what each gate of an entry asked, with its numbers.

Nothing is decided here: the kernel has; this reads its state in the order of its gates.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from flotilla.domain import codes
from flotilla.domain.kernel.bot import KernelBot
from flotilla.domain.kernel.decisions import Decision, Mode, Outcome
from flotilla.domain.market import NEW_YORK
from flotilla.domain.risk import RefusalCode
from flotilla.domain.rules import Explained, explain
from flotilla.research.parity.replay import Recording, Replay, ReplayedStep


class GateState(StrEnum):
    PASSED = "passed"
    REFUSED = "refused"
    SHRANK = "shrank"  # let a smaller order pass
    NOT_ASKED = "not_asked"  # one before it refused, or there was no entry signal


@dataclass(frozen=True, slots=True)
class Gate:
    """A gate at one evaluation. Amounts in USD, times in seconds, the window in minutes of the day."""

    code: RefusalCode
    state: GateState
    numbers: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One symbol at one step. `rules` by what they are for; empty where the rules were not asked."""

    step: ReplayedStep
    symbol: str
    bar: int | None  # when the bar that the rules were asked about opened, seconds since 1970 UTC
    decision: Decision | None
    rules: Mapping[str, list[Explained]]
    indicators: Mapping[str, float]
    gates: list[Gate]


def evaluation_at(recording: Recording, symbol: str, tau: int) -> Evaluation | None:
    """Replay to the step at `tau` (seconds since 1970 UTC); None when there was none."""
    replay = Replay(recording)
    step = None
    for step in replay.run(tau, watched=tau):  # noqa: B007 - the last one is wanted
        pass
    if step is None or step.tau != tau:
        return None
    decision = next((one for one in step.result.decisions if one.symbol == symbol), None)
    place, chart = step.bars.get(symbol), step.charts.get(symbol)
    asked, values, bar = {}, {}, None
    if place is not None and chart is not None:
        bar = int(chart.bars.start[place])
        asked = {name: explain(rule, chart, place) for name, rule in recording.spec.rules.items()}
        values = {
            f"{use}.{output}": float(column[place])
            for (use, output), column in chart.columns().items()
            if math.isfinite(column[place])
        } | {"close": float(chart.bars.close[place])}
    gates = list(_gates((step.before, replay.bot), recording, step, symbol, decision))
    return Evaluation(step, symbol, bar, decision, asked, values, gates)


# --- gates ----------------------------------------------------------------------------------------

_NO_LIMIT = 1e15  # the kernel's way to say that there is none
_SIZED = tuple(RefusalCode)[tuple(RefusalCode).index(RefusalCode.STOP_BEYOND_PRICE) :]


def _gates(
    bots: tuple[KernelBot | None, KernelBot],
    recording: Recording,
    step: ReplayedStep,
    symbol: str,
    decision: Decision | None,
) -> Iterator[Gate]:
    """Every gate in the kernel's order: passed up to the one that refused, asked no further.

    `bots`: before and after the step. What it holds is read before, where it stands (marks, halts) after.
    """
    before, after = bots
    asked = decision is not None and decision.outcome in (Outcome.ENTER, Outcome.REFUSED)
    if before is None or symbol not in recording.spec.symbols:
        return
    refused = False
    for code in RefusalCode:
        numbers = _numbers(before, after, recording, step, symbol, code)
        if not asked or decision is None or refused:
            yield Gate(code, GateState.NOT_ASKED, numbers)
        elif code is decision.refusal:
            refused = decision.outcome is Outcome.REFUSED
            state = GateState.REFUSED if refused else GateState.SHRANK
            yield Gate(code, state, dict(decision.numbers) or numbers)
        else:
            sized = code in _SIZED and decision.outcome is Outcome.ENTER
            yield Gate(code, GateState.PASSED, dict(decision.numbers) if sized else numbers)


def _numbers(
    before: KernelBot,
    after: KernelBot,
    recording: Recording,
    step: ReplayedStep,
    symbol: str,
    code: RefusalCode,
) -> dict[str, float]:
    moment = _of_moment(recording, step, symbol, code)
    found = moment if moment is not None else _of_standing(after, code) or _of_bot(before, code)
    if not found:
        found = _of_symbol(before, step, symbol, code)
    return {name: float(value) for name, value in found.items() if value < _NO_LIMIT and math.isfinite(value)}


def _of_moment(
    recording: Recording, step: ReplayedStep, symbol: str, code: RefusalCode
) -> dict[str, float] | None:
    tau, window = step.tau, recording.spec.window
    if code is RefusalCode.NOT_RUNNING:
        return {"trades": float(step.mode is Mode.TRADE)}
    if code is RefusalCode.STALE_DATA:
        view = step.views.get(symbol)
        return {} if view is None else {"fresh": float(view.fresh)}
    if code is RefusalCode.WARMING_UP:
        chart, place = step.charts.get(symbol), step.bars.get(symbol)
        if chart is None or place is None:
            return {}
        needed = chart.ready_from(recording.spec.lookback) + 1
        return {"bars": place + 1, "needed": needed} if needed <= len(chart) else {"bars": place + 1}
    if code is RefusalCode.OUTSIDE_WINDOW:
        local = datetime.fromtimestamp(tau, UTC if recording.spec.trades_coins else NEW_YORK)
        return {
            "minute": local.hour * 60 + local.minute,
            "start": window.start.hour * 60 + window.start.minute,
            "end": window.end.hour * 60 + window.end.minute,
        }
    if code is RefusalCode.MARKET_CLOSING:
        return {"seconds_left": step.session.close.timestamp() - tau}
    return None


def _of_standing(after: KernelBot, code: RefusalCode) -> dict[str, float]:
    bot, rule = after.book.bots[0], after.book.rules[0]
    if code is RefusalCode.DAILY_LOSS_HALT:
        limit = -rule.daily_loss * abs(bot.day_baseline)
        pnl = bot.closing_equity - bot.day_baseline
        return {"day_pnl": pnl, "baseline": bot.day_baseline, "limit": limit}
    if code is RefusalCode.DRAWDOWN_HALT:
        limit = bot.peak_equity * (1.0 - rule.drawdown)
        return {"equity": bot.closing_equity, "peak_equity": bot.peak_equity, "limit": limit}
    if code is RefusalCode.LOSS_STREAK_HALT:
        return {"losses": bot.losses_in_a_row, "limit": rule.losses_in_a_row}
    return {}


def _of_bot(before: KernelBot, code: RefusalCode) -> dict[str, float]:
    bot, rule = before.book.bots[0], before.book.rules[0]
    if code is RefusalCode.TRADES_A_DAY:
        return {"trades": bot.trades_today, "limit": rule.trades_a_day}
    if code is RefusalCode.MAX_OPEN_POSITIONS:
        taken = sum(s.quantity != 0.0 or s.pending == codes.ENTRY for s in before.book.slots)
        return {"open": taken, "limit": rule.max_positions}
    return {"cash": before.free_cash} if code is RefusalCode.INSUFFICIENT_CASH else {}


def _of_symbol(before: KernelBot, step: ReplayedStep, symbol: str, code: RefusalCode) -> dict[str, float]:
    slot = before.book.slots[before.symbols.index(symbol)]
    if code is RefusalCode.COOLDOWN:
        return {"seconds_left": max(0, int(slot.cooldown_until) - step.tau)}
    if code is RefusalCode.ORDER_PENDING:
        return {"quantity": slot.pending_quantity if slot.pending != codes.NOTHING else 0.0}
    if code is RefusalCode.POSITION_HELD:
        return {"quantity": slot.quantity, "entry_price": slot.entry_price if slot.quantity else 0.0}
    return {}
