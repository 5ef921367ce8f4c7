"""The journal of a live bot: what changes its state is in it, and gone through again gives the same state."""

import json
from datetime import time, timedelta
from typing import Any

import pytest

from flotilla.domain.kernel.bot import KernelBot, KernelSpec, SymbolView
from flotilla.domain.kernel.decisions import Mode
from flotilla.domain.kernel.journal import JOURNALED, JournaledBot, go_through
from flotilla.domain.market import MINUTE, Instrument, Session, Window
from flotilla.domain.orders import Purpose, Side
from flotilla.domain.risk import RiskRules
from tests.engine.exchange import OPEN

# What only asks; a step is journaled by itself.
ASKING = {"holds", "is_leaving", "checkpoint", "lots"}
SESSION = Session(OPEN, OPEN + timedelta(hours=6))
SPEC = KernelSpec(("AAPL",), RiskRules(), Window(time(0), time(0)))


def bot(kind: type[Any]) -> Any:
    return kind(SPEC, 10_000.0, {"AAPL": Instrument("AAPL", "Apple")})


def view(**changes: Any) -> SymbolView:
    return SymbolView(
        **({"close": 100.0, "fresh": True, "warmed_up": True, "high": 101.0, "low": 99.0} | changes)
    )


def test_every_method_that_changes_a_bot_is_in_the_journal() -> None:
    """A new one belongs to JOURNALED, or to those that only ask: else replays would miss what it did."""
    methods = {
        name for name in vars(KernelBot) if not name.startswith("_") and callable(getattr(KernelBot, name))
    }
    assert methods == {*JOURNALED, *ASKING, "step", "manage", "enter"}


def test_gone_through_again_it_is_the_same_bot() -> None:
    live = bot(JournaledBot)
    first = OPEN + MINUTE
    live.begin_run()
    live.step({"AAPL": view(entry=True)}, tau=first, session=SESSION)
    live.order_under_way("AAPL", Purpose.ENTRY, side=Side.BUY, quantity=5.0, price=100.0, stop=98.0)
    live.apply_fill(symbol="AAPL", side=Side.BUY, quantity=5.0, price=100.1, fee=0.0)
    live.order_done("AAPL")
    live.transfer(1_000.0)
    live.step({"AAPL": view(fresh=False)}, tau=first + MINUTE, session=SESSION, mode=Mode.PAUSED)
    live.step({"AAPL": view(fresh=False)}, tau=first + 2 * MINUTE, session=SESSION, mode=Mode.PAUSED)
    kept = live.taken()
    assert kept.origin is not None
    assert (kept.origin.tau, kept.origin.evaluated) == (first, ["AAPL"])
    assert [step.tau for step in kept.steps] == [first, first + MINUTE], "the third took in nothing new"
    assert [(s.mode, s.stale, s.must_go) for s in kept.steps] == [
        (Mode.TRADE, [], []),
        (Mode.PAUSED, ["AAPL"], None),
    ]
    assert [one["purpose"] for one in kept.steps[0].intents] == ["entry"]
    assert live.journal.is_empty

    again = bot(KernelBot)
    again.restore(json.loads(json.dumps(kept.origin.checkpoint)))
    again.step({"AAPL": view(entry=True)}, tau=first, session=SESSION)
    go_through(again, json.loads(json.dumps(kept.steps[1].calls)))
    for n in (1, 2):
        again.step({"AAPL": view(fresh=False)}, tau=first + n * MINUTE, session=SESSION, mode=Mode.PAUSED)
    assert again.checkpoint() == live.checkpoint()


def test_a_call_within_a_call_is_told_once() -> None:
    live = bot(JournaledBot)
    live.restore(bot(KernelBot).checkpoint())
    live.step({"AAPL": view()}, tau=OPEN + MINUTE, session=SESSION)
    (step,) = live.taken().steps
    assert [name for name, _ in step.calls] == ["restore"]


def test_only_calls_of_a_journal_are_made() -> None:
    with pytest.raises(ValueError, match="is not a call"):
        go_through(bot(KernelBot), [("step", {})])
