"""One step of a bot: gates in their order, exits first, money that is not there yet, and the day."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from flotilla.domain.kernel import (
    BotState,
    Decision,
    Holding,
    KernelSpec,
    Mode,
    Outcome,
    PendingOrder,
    StepResult,
    SymbolView,
    apply_fill,
    order_done,
    step,
)
from flotilla.domain.market import Session, Window
from flotilla.domain.orders import Intent, Purpose, Side
from flotilla.domain.risk import RefusalCode, RiskRules

OPEN = datetime(2026, 3, 10, 13, 30, tzinfo=UTC)
SESSION = Session(OPEN, OPEN + timedelta(hours=6.5))
NEXT_SESSION = Session(OPEN + timedelta(days=1), OPEN + timedelta(days=1, hours=6.5))
TAU = OPEN + timedelta(minutes=30)
RULES = RiskRules(position_percent=10.0, max_open_positions=3, daily_loss_limit_percent=3.0)
SPEC = KernelSpec(("AAPL", "MSFT", "SPY"), RULES, Window(time(9, 30), time(15)))


def view(close: float = 100.0, **changes: Any) -> SymbolView:
    known: dict[str, Any] = {"fresh": True, "warmed_up": True, "entry": None, "exit": None}
    return SymbolView(close=close, **known | changes)


def state(cash: float = 10_000.0, **changes: Any) -> BotState:
    """Return a bot in the middle of its day, which started with what it has."""
    made = BotState(cash=cash, session_open=OPEN, **changes)
    made.day_baseline = made.equity
    return made


def decide(
    bot: BotState,
    views: dict[str, SymbolView],
    *,
    tau: datetime = TAU,
    session: Session = SESSION,
    spec: KernelSpec = SPEC,
    mode: Mode = Mode.TRADE,
) -> StepResult:
    return step(spec, bot, views, tau=tau, session=session, mode=mode)


def wants_in(close: float = 100.0, **changes: Any) -> SymbolView:
    return view(close, entry=True, exit=False, **changes)


def wants_out(close: float = 100.0) -> SymbolView:
    return view(close, entry=False, exit=True)


def only(result: StepResult) -> Decision:
    (decision,) = result.decisions
    return decision


# --- entries ----------------------------------------------------------------------------------------


def test_an_entry_is_an_order_with_its_protection() -> None:
    bot = state()
    result = decide(bot, {"AAPL": wants_in(33.33)})
    # 10 % of 10,000 buys 30 at 33.33; stop 2 % below, target 4 % above the decision's close.
    assert result.intents == [
        Intent("AAPL", Side.BUY, Purpose.ENTRY, 30.0, 33.33, TAU, stop_price=32.66, target_price=34.66)
    ]
    assert only(result).outcome is Outcome.ENTER
    assert only(result).numbers["quantity"] == 30.0
    assert bot.pending["AAPL"] == PendingOrder(Purpose.ENTRY, reserved=1.01 * 30 * 33.33)


def test_protection_that_is_switched_off_is_not_sent() -> None:
    rules = RiskRules(position_percent=10.0, stop_loss_percent=None, take_profit_percent=None)
    spec = KernelSpec(("AAPL",), rules, SPEC.window)
    (intent,) = decide(state(), {"AAPL": wants_in()}, spec=spec).intents
    assert (intent.stop_price, intent.target_price) == (None, None)


def test_a_rule_that_does_not_hold_is_a_decision_too() -> None:
    result = decide(state(), {"AAPL": view(entry=False, exit=False)})
    assert only(result) == Decision("AAPL", Outcome.NONE)
    assert not result.intents


def test_without_a_signal_nothing_is_decided() -> None:
    assert decide(state(), {"AAPL": view()}) == StepResult()


def test_entries_follow_the_bots_order_of_symbols() -> None:
    views = {symbol: wants_in() for symbol in ("SPY", "MSFT", "AAPL")}
    assert [i.symbol for i in decide(state(), views).intents] == ["AAPL", "MSFT", "SPY"]


def test_a_size_is_cut_to_the_cash_and_its_reserve() -> None:
    bot = state(cash=500.0, holdings={"SPY": Holding(95.0, 100.0)}, marks={"SPY": 100.0})
    (intent,) = decide(bot, {"AAPL": wants_in(100.0), "SPY": view()}).intents
    # 10 % of 10,000 wants 10, but 500 pays for 4 of 101.
    assert intent.quantity == 4.0


# --- gates: each makes the one before it pass -------------------------------------------------------


def spoil_cash(bot: BotState) -> None:
    bot.cash = 100.0
    bot.holdings["SPY"] = Holding(99.0, 100.0)


GATES: list[tuple[RefusalCode, Callable[[dict[str, Any]], None]]] = [
    (RefusalCode.NOT_RUNNING, lambda s: s.update(mode=Mode.EXITS_ONLY)),
    (RefusalCode.STALE_DATA, lambda s: s["view"].update(fresh=False)),
    (RefusalCode.OUTSIDE_WINDOW, lambda s: s.update(spec_window=Window(time(14), time(15)))),
    (RefusalCode.MARKET_CLOSING, lambda s: s.update(session=Session(OPEN, TAU))),
    (RefusalCode.DAILY_LOSS_HALT, lambda s: setattr(s["bot"], "day_baseline", 20_000.0)),
    (RefusalCode.ORDER_PENDING, lambda s: s["bot"].pending.update(AAPL=PendingOrder(Purpose.EXIT))),
    (RefusalCode.POSITION_HELD, lambda s: s["bot"].holdings.update(AAPL=Holding(0.5, 100.0))),
    (RefusalCode.MAX_OPEN_POSITIONS, lambda s: s.update(max_open=1)),
    (RefusalCode.SIZE_TOO_SMALL, lambda s: s["view"].update(close=5_000.0)),
    (RefusalCode.INSUFFICIENT_CASH, lambda s: spoil_cash(s["bot"])),
]


def refusal(codes: list[RefusalCode]) -> RefusalCode | None:
    """Decide on an entry that every gate of `codes` refuses, and none other."""
    scene: dict[str, Any] = {
        "bot": state(),
        "mode": Mode.TRADE,
        "spec_window": SPEC.window,
        "session": SESSION,
        "max_open": 3,
        "view": {"close": 100.0},
    }
    if RefusalCode.MAX_OPEN_POSITIONS in codes:
        scene["bot"].holdings["MSFT"] = Holding(1.0, 100.0)
        scene["bot"].cash -= 100.0
    for code, spoil in GATES:
        if code in codes:
            spoil(scene)
    rules = RiskRules(
        position_percent=10.0, max_open_positions=scene["max_open"], daily_loss_limit_percent=3.0
    )
    spec = KernelSpec(SPEC.symbols, rules, scene["spec_window"])
    scene["bot"].session_open = scene["session"].open
    found = step(
        spec,
        scene["bot"],
        {"AAPL": wants_in(**scene["view"])},
        tau=TAU,
        session=scene["session"],
        mode=scene["mode"],
    )
    return only(found).refusal


@pytest.mark.parametrize("code", [code for code, _ in GATES])
def test_every_gate_refuses_alone(code: RefusalCode) -> None:
    assert refusal([code]) is code


def test_nothing_refuses_a_sound_entry() -> None:
    assert refusal([]) is None


@pytest.mark.parametrize("first", range(len(GATES)))
def test_the_first_gate_that_refuses_gives_the_code(first: int) -> None:
    assert refusal([code for code, _ in GATES[first:]]) is GATES[first][0]


def test_the_gates_are_all_refusals_but_warming_up() -> None:
    assert {code for code, _ in GATES} == set(RefusalCode) - {RefusalCode.WARMING_UP}


def test_rules_are_not_believed_while_indicators_warm_up() -> None:
    for said in (True, False):
        result = decide(state(), {"AAPL": view(entry=said, warmed_up=False)})
        assert only(result).refusal is RefusalCode.WARMING_UP
        assert not result.intents


@pytest.mark.parametrize(
    ("minutes", "refused"),
    [(0, None), (329, None), (330, RefusalCode.OUTSIDE_WINDOW), (390, RefusalCode.OUTSIDE_WINDOW)],
)
def test_the_window_ends_before_its_end(minutes: int, refused: RefusalCode | None) -> None:
    found = decide(state(), {"AAPL": wants_in()}, tau=OPEN + timedelta(minutes=minutes))
    assert only(found).refusal is refused


def test_nothing_is_opened_without_a_further_minute() -> None:
    spec = KernelSpec(("AAPL",), RULES, Window(time(0), time(0)))
    last = decide(state(), {"AAPL": wants_in()}, tau=SESSION.close - timedelta(minutes=1), spec=spec)
    assert only(last).outcome is Outcome.ENTER
    closing = decide(state(), {"AAPL": wants_in()}, tau=SESSION.close, spec=spec)
    assert only(closing).refusal is RefusalCode.MARKET_CLOSING


# --- what is not usable at the same tau -------------------------------------------------------------


def test_the_proceeds_of_an_exit_are_not_spent_at_the_same_tau() -> None:
    bot = state(cash=50.0, holdings={"AAPL": Holding(99.0, 100.0)}, marks={"AAPL": 100.0})
    result = decide(bot, {"AAPL": wants_out(), "MSFT": wants_in()})
    assert [i.purpose for i in result.intents] == [Purpose.EXIT]
    refused = next(d for d in result.decisions if d.symbol == "MSFT")
    assert refused.refusal is RefusalCode.INSUFFICIENT_CASH
    assert refused.numbers["cash"] == 50.0


def test_the_slot_of_an_exit_is_not_free_at_the_same_tau() -> None:
    spec = KernelSpec(SPEC.symbols, RiskRules(position_percent=10.0, max_open_positions=1), SPEC.window)
    bot = state(cash=9_000.0, holdings={"AAPL": Holding(10.0, 100.0)}, marks={"AAPL": 100.0})
    views = {"AAPL": wants_out(), "MSFT": wants_in()}
    refused = next(d for d in decide(bot, views, spec=spec).decisions if d.symbol == "MSFT")
    assert refused.refusal is RefusalCode.MAX_OPEN_POSITIONS
    assert refused.numbers == {"open": 1.0, "limit": 1.0}

    apply_fill(bot, symbol="AAPL", side=Side.SELL, quantity=10.0, price=100.0, fee=0.0)
    order_done(bot, "AAPL")
    later = decide(bot, {"MSFT": wants_in()}, spec=spec, tau=TAU + timedelta(minutes=1))
    assert [i.symbol for i in later.intents] == ["MSFT"]


def test_a_symbol_that_is_sold_is_not_bought_at_the_same_tau() -> None:
    bot = state(cash=9_000.0, holdings={"AAPL": Holding(10.0, 100.0)}, marks={"AAPL": 100.0})
    result = decide(bot, {"AAPL": view(entry=True, exit=True)})
    assert [(i.symbol, i.side) for i in result.intents] == [("AAPL", Side.SELL)]


def test_pending_entries_hold_their_cash_and_their_slots() -> None:
    spec = KernelSpec(SPEC.symbols, RiskRules(position_percent=40.0, max_open_positions=9), SPEC.window)
    bot = state()
    result = decide(bot, {symbol: wants_in() for symbol in SPEC.symbols}, spec=spec)
    # 40 % each: two of 40 shares reserve 8,080 of 10,000; the third gets what 1,920 pays for.
    assert [i.quantity for i in result.intents] == [40.0, 40.0, 19.0]
    assert bot.free_cash == pytest.approx(10_000 - 1.01 * 99 * 100)
    assert bot.cash == 10_000

    slots = KernelSpec(SPEC.symbols, RiskRules(position_percent=10.0, max_open_positions=2), SPEC.window)
    result = decide(state(), {symbol: wants_in() for symbol in SPEC.symbols}, spec=slots)
    assert [d.refusal for d in result.decisions] == [None, None, RefusalCode.MAX_OPEN_POSITIONS]


def test_a_finished_order_gives_its_reserve_back() -> None:
    bot = state()
    decide(bot, {"AAPL": wants_in()})
    assert bot.free_cash == pytest.approx(10_000 - 1010)
    order_done(bot, "AAPL")
    assert bot.free_cash == 10_000
    order_done(bot, "AAPL")


# --- exits ------------------------------------------------------------------------------------------


def test_exits_are_sent_before_entries() -> None:
    bot = state(cash=9_000.0, holdings={"SPY": Holding(10.0, 100.0)}, marks={"SPY": 100.0})
    result = decide(bot, {"AAPL": wants_in(), "MSFT": wants_in(), "SPY": wants_out()})
    assert [(i.symbol, i.purpose) for i in result.intents] == [
        ("SPY", Purpose.EXIT),
        ("AAPL", Purpose.ENTRY),
        ("MSFT", Purpose.ENTRY),
    ]
    assert result.intents[0].quantity == 10.0


def test_exits_pass_where_entries_do_not() -> None:
    bot = state(cash=0.0, holdings={"AAPL": Holding(10.0, 100.0)}, marks={"AAPL": 100.0})
    bot.day_baseline = 99_999.0
    (intent,) = decide(bot, {"AAPL": wants_out()}, tau=SESSION.close).intents
    assert intent.purpose is Purpose.EXIT


def test_an_exit_waits_for_an_order_under_way() -> None:
    bot = state(cash=9_000.0, holdings={"AAPL": Holding(10.0, 100.0)}, marks={"AAPL": 100.0})
    bot.pending["AAPL"] = PendingOrder(Purpose.EXIT)
    assert not decide(bot, {"AAPL": wants_out()}).intents
    order_done(bot, "AAPL")
    assert decide(bot, {"AAPL": wants_out()}).intents


def test_flatten_sells_everything_and_opens_nothing() -> None:
    bot = state(
        cash=8_000.0,
        holdings={"AAPL": Holding(10.0, 100.0), "GONE": Holding(3.0, 100.0)},
        marks={"AAPL": 100.0, "GONE": 100.0},
    )
    views = {"AAPL": view(entry=False, exit=False), "MSFT": wants_in(), "GONE": view(90.0)}
    result = decide(bot, views, mode=Mode.FLATTEN)
    assert [(i.symbol, i.purpose, i.quantity) for i in result.intents] == [
        ("AAPL", Purpose.FLATTEN, 10.0),
        ("GONE", Purpose.FLATTEN, 3.0),
    ]
    assert next(d for d in result.decisions if d.symbol == "MSFT").refusal is RefusalCode.NOT_RUNNING
    assert not decide(bot, views, mode=Mode.FLATTEN).intents


def test_exits_only_neither_opens_nor_follows_exit_rules() -> None:
    bot = state(cash=9_000.0, holdings={"AAPL": Holding(10.0, 100.0)}, marks={"AAPL": 100.0})
    result = decide(bot, {"AAPL": wants_out(), "MSFT": wants_in()}, mode=Mode.EXITS_ONLY)
    assert RefusalCode.NOT_RUNNING in [d.refusal for d in result.decisions]
    assert [i.side for i in result.intents].count(Side.BUY) == 0


# --- marks and days ---------------------------------------------------------------------------------


def test_a_step_marks_at_the_newest_closes() -> None:
    bot = state(cash=9_000.0, holdings={"AAPL": Holding(10.0, 100.0)})
    assert bot.equity == 10_000
    decide(bot, {"AAPL": view(110.0)})
    assert bot.equity == 10_100
    decide(bot, {"MSFT": view(50.0)})
    assert bot.equity == 10_100


def test_a_day_starts_with_what_the_last_one_ended_with() -> None:
    bot = BotState(cash=9_000.0, holdings={"AAPL": Holding(10.0, 100.0)})
    decide(bot, {"AAPL": view(100.0)})
    assert (bot.session_open, bot.day_baseline) == (OPEN, 10_000.0)
    decide(bot, {"AAPL": view(105.0)}, tau=SESSION.close)
    assert bot.day_baseline == 10_000.0
    # The gap from 105 to 95 is the new day's loss.
    decide(bot, {"AAPL": view(95.0)}, session=NEXT_SESSION, tau=NEXT_SESSION.open + timedelta(minutes=1))
    assert (bot.session_open, bot.day_baseline, bot.equity) == (NEXT_SESSION.open, 10_050.0, 9_950.0)


def test_a_gap_that_was_sold_into_counts_in_the_new_day() -> None:
    bot = BotState(cash=9_000.0, holdings={"AAPL": Holding(10.0, 100.0)})
    decide(bot, {"AAPL": view(100.0)}, tau=SESSION.close)
    # The stop fills at the open, far below; its fill is applied before the day's first step.
    apply_fill(bot, symbol="AAPL", side=Side.SELL, quantity=10.0, price=60.0, fee=0.0)
    result = decide(
        bot, {"MSFT": wants_in()}, session=NEXT_SESSION, tau=NEXT_SESSION.open + timedelta(minutes=1)
    )
    assert bot.day_baseline == 10_000.0
    assert only(result).refusal is RefusalCode.DAILY_LOSS_HALT
    assert only(result).numbers == {"day_pnl": -400.0, "baseline": 10_000.0}


def test_the_daily_loss_halts_entries_until_the_next_day() -> None:
    bot = state(cash=5_000.0, holdings={"AAPL": Holding(50.0, 100.0)}, marks={"AAPL": 100.0})
    views = {"AAPL": view(94.0), "MSFT": wants_in()}
    halted = decide(bot, views)
    assert only(halted).refusal is RefusalCode.DAILY_LOSS_HALT
    assert only(decide(bot, {"AAPL": view(94.01), "MSFT": wants_in()})).outcome is Outcome.ENTER

    order_done(bot, "MSFT")
    assert only(decide(bot, views)).refusal is RefusalCode.DAILY_LOSS_HALT
    tomorrow = NEXT_SESSION.open + timedelta(minutes=1)
    assert only(decide(bot, views, session=NEXT_SESSION, tau=tomorrow)).outcome is Outcome.ENTER


def test_without_a_limit_no_loss_halts() -> None:
    spec = KernelSpec(("AAPL",), RiskRules(daily_loss_limit_percent=None), SPEC.window)
    bot = state()
    bot.day_baseline = 1e9
    assert only(decide(bot, {"AAPL": wants_in()}, spec=spec)).outcome is Outcome.ENTER


# --- fills ------------------------------------------------------------------------------------------


def test_a_fill_moves_cash_and_averages_cost() -> None:
    bot = BotState(cash=1_000.0)
    apply_fill(bot, symbol="AAPL", side=Side.BUY, quantity=2.0, price=100.0, fee=1.0)
    apply_fill(bot, symbol="AAPL", side=Side.BUY, quantity=2.0, price=110.0, fee=0.0)
    assert bot.cash == 579.0
    assert bot.holdings["AAPL"] == Holding(4.0, 105.0)
    apply_fill(bot, symbol="AAPL", side=Side.SELL, quantity=1.0, price=120.0, fee=0.5)
    assert bot.holdings["AAPL"] == Holding(3.0, 105.0)
    apply_fill(bot, symbol="AAPL", side=Side.SELL, quantity=3.0, price=120.0, fee=0.0)
    assert bot.holdings == {}
    assert bot.cash == 579.0 + 480.0 - 0.5


def test_dust_of_doubles_is_no_holding() -> None:
    bot = BotState(cash=100.0)
    for _ in range(3):
        apply_fill(bot, symbol="X", side=Side.BUY, quantity=0.1, price=1.0, fee=0.0)
    apply_fill(bot, symbol="X", side=Side.SELL, quantity=0.3, price=1.0, fee=0.0)
    assert bot.holdings == {}
