"""What a step leaves behind: orders to be written, and decisions kept as runs of equal ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from flotilla.domain.kernel.decisions import Decision, Outcome
from flotilla.domain.market import Instrument
from flotilla.domain.orders import Intent, Order, OrderType, client_order_id, to_price, to_quantity
from flotilla.engine.signals import SymbolSignals
from flotilla.ports.decision_log import DecisionRun
from flotilla.ports.store import DecisionEntry, OrderDraft


def order_draft(
    intent: Intent,
    *,
    bot_id: str,
    epoch: int,
    instrument: Instrument,
    heard: SymbolSignals | None,
    guarded: bool = False,
) -> OrderDraft:
    """The order that an intent becomes: in the instrument's steps, under its deterministic id.

    `guarded`: the engine holds its stop and target, the order goes out without legs.
    """
    step = _price_step(instrument, intent.price)
    return OrderDraft(
        client_order_id=client_order_id(
            bot_id=bot_id,
            epoch=epoch,
            symbol=intent.symbol,
            tau=intent.tau,
            purpose=intent.purpose,
        ),
        symbol=intent.symbol,
        side=intent.side,
        purpose=intent.purpose,
        quantity=to_quantity(intent.quantity, instrument.quantity_step),
        take_profit_price=None if guarded else _rounded(intent.target_price, step),
        stop_loss_price=None if guarded else _rounded(intent.stop_price, step),
        expected_price=to_price(intent.price, step),
        indicators_snapshot={} if heard is None else heard.snapshot,
        tau=intent.tau,
        decided_reason=intent.reason,
    )


def replacement_draft(
    leg: Order, lot: int, stop: float, *, epoch: int, instrument: Instrument, tau: datetime
) -> OrderDraft:
    """The order that takes the place of a lot's stop at the broker: the same at another price (USD)."""
    price = to_price(stop, _price_step(instrument, stop))
    return OrderDraft(
        client_order_id=client_order_id(
            bot_id=leg.bot_id, epoch=epoch, symbol=leg.symbol, tau=tau, purpose=leg.purpose, lot=lot
        ),
        symbol=leg.symbol,
        side=leg.side,
        purpose=leg.purpose,
        quantity=leg.quantity,
        take_profit_price=None,
        stop_loss_price=None,
        expected_price=price,
        indicators_snapshot={},
        tau=tau,
        decided_reason=leg.decided_reason,
        type=OrderType.STOP,
        stop_price=price,
        parent_id=leg.parent_id,
        lot=lot,
        replaces_id=leg.id,
    )


def _price_step(instrument: Instrument, price: float) -> Decimal:
    """Below one dollar stocks have prices in hundredths of a cent, as the kernel has them."""
    cents = instrument.price_step == Decimal("0.01")
    return Decimal("0.0001") if cents and price < 1.0 else instrument.price_step


def _rounded(price: float | None, step: Decimal) -> Decimal | None:
    return None if price is None else to_price(price, step)


@dataclass(slots=True)
class _Run:
    """The newest row of a symbol's decisions, and what would prolong it."""

    key: tuple[object, ...]
    row_id: str


class DecisionRuns:
    """Turns a bot's decisions into entries; one that equals the symbol's last prolongs its row.

    A decision that became an order has a row of its own. `known`: the runs that an earlier life of the
    engine left.
    """

    def __init__(self, known: Sequence[DecisionRun] = ()) -> None:
        self._runs = {run.symbol: _Run(_key_of(run), run.row_id) for run in known if not run.has_order}
        self._keys: list[tuple[str, tuple[object, ...]]] = []

    def entries(
        self,
        decisions: Sequence[Decision],
        heard: Mapping[str, SymbolSignals],
        held: Mapping[str, object],
        orders: Sequence[OrderDraft] = (),
        *,
        version: int = 0,
    ) -> list[DecisionEntry]:
        """`held`: what the bot holds, by symbol; `orders`: what the step wants sent; `version`: of the
        definition that decided.
        """
        self._keys = []
        sent = {draft.symbol: draft.client_order_id for draft in orders}
        return [self._entry(one, heard.get(one.symbol), held, sent, version) for one in decisions]

    def stored(self, row_ids: Sequence[str]) -> None:
        """Remember the rows of the newest entries, in their order."""
        for (symbol, key), row_id in zip(self._keys, row_ids, strict=True):
            self._runs[symbol] = _Run(key, row_id)

    def _entry(
        self,
        decision: Decision,
        said: SymbolSignals | None,
        held: Mapping[str, object],
        sent: Mapping[str, str],
        version: int,
    ) -> DecisionEntry:
        exiting = decision.outcome is Outcome.EXIT or (decision.symbol in held and decision.refusal is None)
        conditions = [] if said is None else said.conditions(exiting=exiting)
        ordered = decision.outcome in (Outcome.ENTER, Outcome.EXIT)
        order = sent.get(decision.symbol) if ordered else None
        holds = tuple(c.holds for c in conditions)
        key = (version, decision.outcome, decision.refusal, exiting, holds, order)
        self._keys.append((decision.symbol, key))
        run = self._runs.get(decision.symbol)
        continues = run.row_id if run is not None and run.key == key else None
        bar = None if said is None else datetime.fromtimestamp(said.bar_start, UTC)
        return DecisionEntry(decision, conditions, continues, bar, exiting, order)


def _key_of(run: DecisionRun) -> tuple[object, ...]:
    return run.bot_version, run.outcome, run.refusal, run.exiting, run.holds, None
