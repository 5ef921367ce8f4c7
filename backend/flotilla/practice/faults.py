"""Fault drills: what goes wrong on purpose, switched while the market runs."""

import random
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class FaultKind(StrEnum):
    SERVER_ERROR = "server_error"  # a 5xx before anything was done
    RATE_LIMITED = "rate_limited"  # a 429
    TIMEOUT_AFTER_ACCEPT = "timeout_after_accept"  # done, then a 504 instead of the reply
    DROPPED_CONNECTION = "dropped_connection"  # without a reply, without a closing frame
    MUTE_STREAM = "mute_stream"  # the connection stays open, nothing comes
    DUPLICATED_UPDATE = "duplicated_update"
    DELAYED_UPDATE = "delayed_update"  # until the next minute's bars are out
    REORDERED_UPDATE = "reordered_update"  # after the next one
    LATE_BAR = "late_bar"  # with the next minute's
    CORRECTED_BAR = "corrected_bar"  # without its last trade, then as an updated bar
    CORRECTED_TRADE = "corrected_trade"  # at a wrong price, then a correction
    CANCELED_TRADE = "canceled_trade"  # a trade that never was, then its cancel
    REJECTED_ORDER = "rejected_order"  # acknowledged, then rejected by the venue
    SLOW_CANCEL = "slow_cancel"  # pending until the minute is over, and may fill until then


class Target(StrEnum):
    """Which connections a fault is about."""

    REST = "rest"
    TRADE_UPDATES = "trade_updates"
    MARKET_DATA = "market_data"


@dataclass(slots=True)
class Fault:
    """Strikes with `probability`, at most `count` times (None: until it is switched off).

    Where given, only requests of that `method` whose path begins with `path`, or only that `target`.
    `status`: of a server error. `seconds`: how long a request hangs. `reason`: of a rejection.
    """

    kind: FaultKind
    probability: float = 1.0
    count: int | None = None
    status: int = 500
    seconds: float = 0.0
    method: str | None = None
    path: str | None = None
    target: Target | None = None
    reason: str = "rejected in a fault drill"
    struck: int = 0

    @property
    def spent(self) -> bool:
        return self.count is not None and self.struck >= self.count

    def concerns(self, target: Target, method: str, path: str) -> bool:
        return (
            self.target in (None, target)
            and self.method in (None, method)
            and path.startswith(self.path or "")
        )


class Faults:
    """The faults that are switched on, one a kind. The seed makes their dice repeatable."""

    def __init__(self, seed: int = 0) -> None:
        self._dice = random.Random(seed)
        self._faults: dict[FaultKind, Fault] = {}

    @property
    def all(self) -> list[Fault]:
        return list(self._faults.values())

    def switch_on(self, fault: Fault) -> None:
        """Switch it on in the place of one of the same kind."""
        self._faults[fault.kind] = fault

    def switch_off(self, kind: FaultKind | None = None) -> None:
        """Switch off one kind, or all of them."""
        if kind is None:
            self._faults.clear()
        else:
            self._faults.pop(kind, None)

    def strikes(
        self, kind: FaultKind, target: Target = Target.REST, method: str = "", path: str = ""
    ) -> Fault | None:
        """Return the fault when it strikes here and now."""
        fault = self._faults.get(kind)
        if fault is None or fault.spent or not fault.concerns(target, method, path):
            return None
        if self._dice.random() >= fault.probability:
            return None
        fault.struck += 1
        return fault


def fault_json(fault: Fault) -> dict[str, Any]:
    return {name: getattr(fault, name) for name in fault.__slots__}
