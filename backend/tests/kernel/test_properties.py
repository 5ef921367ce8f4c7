"""What holds at every minute, whatever the market, the rules and the settings are."""

import math
from collections.abc import Iterator

import numpy as np
from hypothesis import HealthCheck, given, settings

from flotilla.domain import codes
from flotilla.domain.orders import Action, Purpose
from tests.kernel.arrays import KernelRun, kernel_run
from tests.kernel.random_scenes import scenes
from tests.kernel.scene import Scene
from tests.kernel.twin.state import Intent

CLOSE_TO = 1.0 + 1e-6
some = settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


def minute_by_minute(scene: Scene) -> Iterator[KernelRun]:
    run = kernel_run(scene)
    for minute in range(len(scene.taus)):
        run.run_to(minute + 1)
        yield run


def whole(scene: Scene) -> KernelRun:
    run = kernel_run(scene)
    run.run_to(len(scene.taus))
    return run


@some
@given(scene=scenes())
def test_equity_is_capital_realised_and_unrealised(scene: Scene) -> None:
    for run in minute_by_minute(scene):
        for number, bot in enumerate(run.book.bots):
            rule = run.book.rules[number]
            slots = run.book.slots[rule.first : rule.last]
            unrealised = ((slots.mark - slots.entry_price) * slots.quantity).sum()
            told = bot.capital + bot.realised + unrealised
            assert math.isclose(bot.closing_equity, told, rel_tol=1e-9, abs_tol=1e-6)
            assert run.tape.equity[number, run.done - 1] == bot.closing_equity


@some
@given(scene=scenes())
def test_an_entry_is_paid_with_its_reserve_from_what_is_free(scene: Scene) -> None:
    for decision in whole(scene).decisions:
        if decision.outcome == "enter":
            _, price, _, _, cash, quantity = decision.numbers
            assert price is not None
            assert cash is not None
            assert quantity is not None
            assert 1.01 * quantity * price <= cash * (1.0 + 1e-8)


@some
@given(scene=scenes())
def test_no_order_turns_a_position_around(scene: Scene) -> None:
    held: dict[tuple[int, str], float] = {}
    for fill in whole(scene).fills:
        key = fill.bot, fill.symbol
        before = held.get(key, 0.0)
        after = before + fill.sign * fill.quantity
        if fill.purpose is Purpose.ENTRY:
            assert before * fill.sign >= -1e-9
        else:
            assert before * fill.sign < 0.0
            # Fees kept in the coin leave less than was ordered: never more is sold than bought.
            assert after * before >= -1e-9 * abs(before)
        held[key] = 0.0 if abs(after) < 1e-9 else after


@some
@given(scene=scenes(coins=False))
def test_positions_are_what_was_filled(scene: Scene) -> None:
    run = whole(scene)
    for k, (bot, symbol) in enumerate(run.slots):
        filled = sum(f.sign * f.quantity for f in run.fills if (f.bot, f.symbol) == (bot, symbol))
        assert math.isclose(run.book.slots[k].quantity, filled, abs_tol=1e-6)
        lots = run.book.lots[k].quantity.sum()
        assert math.isclose(abs(run.book.slots[k].quantity), lots, abs_tol=1e-6)


@some
@given(scene=scenes())
def test_stops_move_one_way(scene: Scene) -> None:
    before: tuple[np.ndarray, np.ndarray] | None = None
    for run in minute_by_minute(scene):
        lots, sides = run.book.lots, np.sign(run.book.slots.quantity)
        if before is not None:
            quantity, stop = before
            same = (lots.quantity == quantity) & (quantity > 0.0) & ~np.isnan(stop)
            moved = sides[:, None] * (lots.stop - stop)
            # A lot that was replaced within the minute by one of the same size is not the same.
            new = np.array([slot.since == run.market.tau[run.done - 1] for slot in run.book.slots])
            assert (moved[same & ~new[:, None]] >= 0.0).all()
        before = lots.quantity.copy(), lots.stop.copy()


@some
@given(scene=scenes())
def test_limits_hold_when_an_entry_is_decided(scene: Scene) -> None:
    intents = 0
    for run in minute_by_minute(scene):
        for intent in run.intents[intents:]:
            if intent.purpose is Purpose.ENTRY and intent.action is Action.PLACE:
                _limits_hold(run, run.slots.index((intent.bot, intent.symbol)))
        intents = int(run.out.counts[0])
        for number, bot in enumerate(scene.bots):
            rule = run.book.rules[number]
            slots = run.book.slots[rule.first : rule.last]
            taken = (slots.quantity != 0.0) | (slots.pending == codes.ENTRY)
            assert taken.sum() <= bot.risk.max_open_positions
            assert run.book.bots[number].trades_today <= (bot.risk.max_trades_per_day or math.inf)
            assert (slots.adds <= bot.risk.scale_in_steps).all()


def _limits_hold(run: KernelRun, k: int) -> None:
    """The caps of the bot, with the entry that is on its way in slot `k`."""
    number, _ = run.slots[k]
    bot, rule = run.book.bots[number], run.book.rules[number]
    slot, slots = run.book.slots[k], run.book.slots[rule.first : rule.last]
    equity = bot.closing_equity
    position = abs(slot.quantity) * slot.mark + slot.pending_quantity * slot.order_price
    gross = (abs(slots.quantity) * slots.mark + slots.reserved / 1.01).sum()
    assert position <= min(rule.position_cap, equity) * CLOSE_TO
    assert position <= rule.symbol_cap / 100.0 * equity * CLOSE_TO
    assert gross <= rule.exposure_cap / 100.0 * equity * CLOSE_TO


@some
@given(scene=scenes())
def test_a_step_sends_exits_first_and_one_order_a_symbol(scene: Scene) -> None:
    by_tau: dict[int, list[Intent]] = {}
    for one in whole(scene).intents:
        by_tau.setdefault(one.tau, []).append(one)
    for sent in by_tau.values():
        symbols = [(one.bot, one.symbol) for one in sent]
        assert len(set(symbols)) == len(symbols)
        entries = [one.purpose is Purpose.ENTRY and one.action is Action.PLACE for one in sent]
        assert entries == sorted(entries)


@some
@given(scene=scenes())
def test_quantities_and_prices_are_whole_steps(scene: Scene) -> None:
    for intent in whole(scene).intents:
        instrument = scene.instruments[intent.symbol]
        if intent.purpose is Purpose.ENTRY:
            steps = intent.quantity / float(instrument.quantity_step)
            assert math.isclose(steps, round(steps), rel_tol=1e-9)
            assert intent.quantity >= float(instrument.min_quantity)
        for price in (intent.stop, intent.target):
            tick = float(instrument.price_step)
            tick = 0.0001 if tick == 0.01 and price is not None and price < 1.0 else tick
            assert price is None or math.isclose(price / tick, round(price / tick), rel_tol=1e-9)
