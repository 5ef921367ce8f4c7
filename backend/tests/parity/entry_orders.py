"""Bots whose entries wait for their price, as rows of the table of the practice core."""

from flotilla.domain.risk import EntryOrder, Sizing
from flotilla.research.costs import CostTable
from tests.parity.bots import FAST, RSI, SLOW, crosses_down, crosses_up, row, rsi_above, rsi_below
from tests.parity.table import SPRING, THIN, WEEK

_LEGS = (("stop_loss", "stop_touched"), ("take_profit", "target_touched"))
_ENTERED = (("entry", "signal"),)

ENTRY_ROWS = [
    row(
        "limit below the close, bracket, long and short, two symbols",
        SPRING,
        (*_ENTERED, *_LEGS),
        indicators=(FAST, SLOW),
        risk={
            "entry_order": EntryOrder.LIMIT,
            "entry_offset_percent": 0.05,
            "stop_loss_percent": 0.1,
            "take_profit_percent": 0.15,
        },
        entry=crosses_up(),
        exit=crosses_down(),
        short_entry=crosses_down(),
        short_exit=crosses_up(),
    ),
    row(
        "limit that is chased, bracket, thin symbols",
        THIN,
        (*_ENTERED, *_LEGS),
        indicators=(RSI,),
        risk={
            "entry_order": EntryOrder.LIMIT,
            "entry_offset_percent": 0.04,
            "entry_chase_steps": 4,
            "entry_chase_limit_percent": 0.2,
            "entry_expire_minutes": 8,
            "stop_loss_percent": 0.3,
            "take_profit_percent": 0.3,
        },
        entry=rsi_above(60),
        short_entry=rsi_below(35),
    ),
    row(
        "limit that is chased with a stop alone, which the broker cannot replace",
        WEEK,
        (*_ENTERED, ("exit", "signal"), _LEGS[0]),
        risk={
            "entry_order": EntryOrder.LIMIT,
            "entry_offset_percent": 0.03,
            "entry_chase_steps": 2,
            "stop_loss_percent": 0.15,
        },
        entry=crosses_up(),
        exit=crosses_down(),
    ),
    row(
        "limit through the market, nothing at the broker, sized by risk, protection of the engine",
        SPRING,
        (*_ENTERED, ("exit", "stop_touched"), ("exit", "target_touched")),
        indicators=(RSI,),
        guarded=True,
        risk={
            "entry_order": EntryOrder.LIMIT,
            "entry_offset_percent": -0.05,
            "entry_expire_minutes": 1,
            "sizing": Sizing.RISK_PER_TRADE,
            "risk_percent": 0.1,
            "stop_loss_percent": 0.2,
            "take_profit_percent": 0.2,
        },
        entry=rsi_below(30),
        exit=rsi_above(80),
    ),
    row(
        "stop above the close, long and short, slippage",
        SPRING,
        (*_ENTERED, *_LEGS),
        costs=CostTable(slippage_bps=2.0),
        risk={
            "entry_order": EntryOrder.STOP,
            "entry_offset_percent": 0.02,
            "entry_expire_minutes": 10,
            "stop_loss_percent": 0.08,
            "take_profit_percent": 0.15,
        },
        entry=crosses_up(),
        short_entry=crosses_down(),
    ),
    row(
        "stop without protection, flat at the end, a symbol halted before it",
        SPRING,
        (*_ENTERED, ("exit", "signal"), ("flatten", "window_end")),
        halted="MSFT",
        risk={"entry_order": EntryOrder.STOP, "entry_offset_percent": 0.03, "flatten_at_window_end": True},
        entry=crosses_up(),
        exit=crosses_down(),
    ),
]
