"""Every table of the schema `flotilla`; they refer to each other, so they live together."""

from flotilla.db.tables.accounts import AccountRow, EngineStateRow, EquitySnapshotRow
from flotilla.db.tables.backtests import BacktestRow, BacktestTradeRow
from flotilla.db.tables.base import METADATA, new_id
from flotilla.db.tables.bots import BotRow, BotVersionRow, DecisionRow
from flotilla.db.tables.decision_log import (
    BotStepRow,
    ParityReportRow,
    ReplayOriginRow,
    SeenLearntRow,
    SeenMinuteRow,
)
from flotilla.db.tables.events import EventRow
from flotilla.db.tables.kill_switches import KillSwitchRow
from flotilla.db.tables.reconciliation import (
    AccountOrderRow,
    BrokerHoldingsRow,
    FindingRow,
    UnmanagedOrderRow,
    UnmanagedRow,
)
from flotilla.db.tables.trading import FillRow, OrderEventRow, OrderRow, PositionRow, TradeRow

__all__ = [
    "METADATA",
    "AccountOrderRow",
    "AccountRow",
    "BacktestRow",
    "BacktestTradeRow",
    "BotRow",
    "BotStepRow",
    "BotVersionRow",
    "BrokerHoldingsRow",
    "DecisionRow",
    "EngineStateRow",
    "EquitySnapshotRow",
    "EventRow",
    "FillRow",
    "FindingRow",
    "KillSwitchRow",
    "OrderEventRow",
    "OrderRow",
    "ParityReportRow",
    "PositionRow",
    "ReplayOriginRow",
    "SeenLearntRow",
    "SeenMinuteRow",
    "TradeRow",
    "UnmanagedOrderRow",
    "UnmanagedRow",
    "new_id",
]
