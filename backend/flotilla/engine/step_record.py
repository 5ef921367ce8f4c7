"""What a step leaves behind: orders to be written, and decisions kept as runs of equal ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from flotilla.domain.kernel.decisions import Decision, Outcome
from flotilla.domain.market import Instrument
from flotilla.domain.orders import Intent, Order, OrderType, client_order_id, to_price, to_quantity
from flotilla.domain.rules import Explained
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
    """The newest row of a symbol's decisions, and what would prolong it.

    `unwritten`: decisions by which it is longer than its row, of which the newest was at `tau`.
    """

    key: tuple[object, ...]
    row_id: str
    unwritten: int = 0
    tau: datetime | None = None
    bar: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Made:
    """A decision of the newest step, with what makes it equal to another."""

    decision: Decision
    said: SymbolSignals | None
    exiting: bool
    order: str | None
    key: tuple[object, ...]

    @property
    def bar(self) -> datetime | None:
        return None if self.said is None else datetime.fromtimestamp(self.said.bar_start, UTC)

    @property
    def conditions(self) -> list[Explained]:
        return [] if self.said is None else self.said.conditions(exiting=self.exiting)


class DecisionRuns:
    """Turns a bot's decisions into entries; one that equals the symbol's last prolongs its row.

    A decision that became an order has a row of its own. `known`: the runs that an earlier life of the
    engine left. After `take`, the step either is kept for later (`put_off`), or it is written with all
    that was (`entries`, then `stored`).
    """

    def __init__(self, known: Sequence[DecisionRun] = ()) -> None:
        self._runs = {run.symbol: _Run(_key_of(run), run.row_id) for run in known if not run.has_order}
        self._made: list[_Made] = []
        self._keys: list[tuple[str, tuple[object, ...]]] = []

    def take(
        self,
        decisions: Sequence[Decision],
        heard: Mapping[str, SymbolSignals],
        held: Mapping[str, object],
        orders: Sequence[OrderDraft] = (),
        *,
        version: int = 0,
    ) -> None:
        """`held`: what the bot holds, by symbol; `orders`: what the step wants sent; `version`: of the
        definition that decided.
        """
        sent = {draft.symbol: draft.client_order_id for draft in orders}
        self._made = [_made(one, heard.get(one.symbol), held, sent, version) for one in decisions]

    @property
    def says_nothing_new(self) -> bool:
        """Whether no rule held, and all that was decided only prolongs what was decided before."""
        return all(
            made.decision.outcome is Outcome.NONE
            and (run := self._runs.get(made.decision.symbol)) is not None
            and run.key == made.key
            for made in self._made
        )

    @property
    def has_unwritten(self) -> bool:
        """Whether decisions were put off."""
        return any(run.unwritten for run in self._runs.values())

    def put_off(self, tau: datetime) -> None:
        """Keep the decisions, taken at `tau`, until the bot next writes: they say nothing new."""
        for made in self._made:
            run = self._runs[made.decision.symbol]
            run.unwritten, run.tau, run.bar = run.unwritten + 1, tau, made.bar
        self._made = []

    def entries(self, *, anew: bool = True) -> list[DecisionEntry]:
        """What is to be written, the oldest first.

        `anew`: with the values of all conditions; else without those of runs that only go on and in which no
        rule held.
        """
        made = {one.decision.symbol: one for one in self._made}
        found = []
        self._keys = []
        for symbol, run in self._runs.items():
            newer = made.get(symbol)
            if run.unwritten and (newer is None or newer.key != run.key):
                self._keys.append((symbol, run.key))
                found.append(_late_entry(symbol, run))
        for one in self._made:
            self._keys.append((one.decision.symbol, one.key))
            found.append(self._entry(one, anew=anew))
        return found

    def stored(self, row_ids: Sequence[str]) -> None:
        """Remember the rows of the newest entries, in their order."""
        for (symbol, key), row_id in zip(self._keys, row_ids, strict=True):
            self._runs[symbol] = _Run(key, row_id)
        self._made, self._keys = [], []

    def _entry(self, made: _Made, *, anew: bool) -> DecisionEntry:
        run = self._runs.get(made.decision.symbol)
        if run is None or run.key != made.key:
            return DecisionEntry(made.decision, made.conditions, None, made.bar, made.exiting, made.order)
        return DecisionEntry(
            made.decision,
            made.conditions if anew or made.decision.outcome is not Outcome.NONE else None,
            run.row_id,
            made.bar,
            made.exiting,
            made.order,
            count=run.unwritten + 1,
        )


def _late_entry(symbol: str, run: _Run) -> DecisionEntry:
    """The part of a run that was put off, where it has ended, or nothing was decided since."""
    none = Decision(symbol, Outcome.NONE)
    return DecisionEntry(none, None, run.row_id, run.bar, count=run.unwritten, tau=run.tau)


def _made(
    decision: Decision,
    said: SymbolSignals | None,
    held: Mapping[str, object],
    sent: Mapping[str, str],
    version: int,
) -> _Made:
    exiting = decision.outcome is Outcome.EXIT or (decision.symbol in held and decision.refusal is None)
    holds = () if said is None else said.truths(exiting=exiting)
    ordered = decision.outcome in (Outcome.ENTER, Outcome.EXIT)
    order = sent.get(decision.symbol) if ordered else None
    key = (version, decision.outcome, decision.refusal, exiting, holds, order)
    return _Made(decision, said, exiting, order, key)


def _key_of(run: DecisionRun) -> tuple[object, ...]:
    return run.bot_version, run.outcome, run.refusal, run.exiting, run.holds, None
