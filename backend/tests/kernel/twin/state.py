"""What a bot has. USD, shares or coins, seconds since 1970 UTC; quantities below zero are short."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from flotilla.domain.market import Instrument, Window
from flotilla.domain.orders import Action, OrderType, Purpose
from flotilla.domain.risk import ExitReason, RefusalCode, RiskRules


def total(values: Iterable[float], start: float = 0.0) -> float:
    """Add one after the other; `sum` rounds otherwise since Python 3.12."""
    for value in values:
        start += value
    return start


@dataclass
class Bar:
    open: float
    high: float
    low: float
    close: float
    volume: float


@dataclass
class Signals:
    """What is known of a symbol at a tau."""

    evaluated: bool = False
    enter_long: bool = False
    enter_short: bool = False
    exit_long: bool = False
    exit_short: bool = False
    warmed_up: bool = True
    fresh: bool = True
    must_go: bool = False
    atr: float | None = None
    volatility: float | None = None
    liquidity: float | None = None  # volume of a usual minute


@dataclass(eq=False)
class Lot:
    """What one entry bought or sold short, with its own protection. `quantity` is never below zero."""

    quantity: float
    entry_price: float
    stop: float | None
    target: float | None
    best: float  # price since its entry
    number: int = 0  # of the entries since the symbol was flat
    leaving: ExitReason | None = None  # touched, and the engine is selling it


@dataclass
class Order:
    """An order under way; `last_day` is the last one on which it can fill (None: it never ends)."""

    tau: int
    purpose: Purpose
    reason: ExitReason
    sign: float  # +1 buys, -1 sells
    quantity: float
    price: float  # the decision's close
    last_day: int | None
    stop: float | None = None
    target: float | None = None
    reserve: float = 0.0
    lot: Lot | None = None  # what it has bought so far
    kind: OrderType = OrderType.MARKET
    own: float = math.nan  # price of a limit or a stop
    chases: int = 0
    ends: ExitReason | None = None  # why a waiting entry was withdrawn


@dataclass
class Holding:
    """A bot's symbol: its position (from flat to flat), and its order under way."""

    symbol: str
    instrument: Instrument
    guarded: bool  # the engine holds its protection, not the broker
    quantity: float = 0.0
    entry_price: float = 0.0  # average
    mark: float = 0.0
    realised: float = 0.0  # of the open position, net of fees
    since: int | None = None
    since_day: int | None = None
    adds: int = 0
    last_entry: float = 0.0
    lots: list[Lot] = field(default_factory=list)  # oldest first
    order: Order | None = None
    leaving: Purpose | None = None
    exit_tau: int | None = None
    closed_profit: float | None = None  # went flat since the newest step
    cooldown_until: int = 0

    @property
    def side(self) -> float:
        return 1.0 if self.quantity > 0.0 else -1.0

    @property
    def reserve(self) -> float:
        return 0.0 if self.order is None else self.order.reserve

    @property
    def exposure(self) -> float:
        """What is held, and what a pending entry may cost (USD)."""
        return abs(self.quantity) * self.mark + self.reserve

    @property
    def taken(self) -> bool:
        """Whether it is held or being entered."""
        return self.quantity != 0.0 or (self.order is not None and self.order.purpose is Purpose.ENTRY)


@dataclass
class Bot:
    """A bot's definition, and its money."""

    risk: RiskRules
    window: Window
    holdings: list[Holding]  # in the bot's order
    account_equity: float  # what a position's share of the account is of
    capital: float
    daily: bool = False  # it trades on daily bars
    cash: float = 0.0
    day: int | None = None
    baseline: float = 0.0
    closing_equity: float | None = None
    peak: float = 0.0
    daily_loss_halted: bool = False
    drawdown_halted: bool = False
    trades_today: int = 0
    losses_in_a_row: int = 0
    wins: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    realised: float = 0.0

    def __post_init__(self) -> None:
        self.cash = self.peak = self.capital

    @property
    def equity(self) -> float:
        return total((holding.quantity * holding.mark for holding in self.holdings), self.cash)

    @property
    def free_cash(self) -> float:
        """Without what pending entries have reserved, a short's proceeds, and its value once more."""
        free = self.cash
        for holding in self.holdings:
            free -= holding.reserve
            if holding.quantity < 0.0:
                free += 2.0 * holding.quantity * holding.mark
        return free

    @property
    def exposure(self) -> float:
        return total(holding.exposure for holding in self.holdings)

    @property
    def positions(self) -> int:
        return sum(holding.taken for holding in self.holdings)


@dataclass
class Account:
    """Limits over all bots of an account (percent; None: off), and where it stands at a tau."""

    daily_loss_percent: float | None = None
    exposure_percent: float | None = None
    symbol_percent: float | None = None
    max_positions: int | None = None
    day: int | None = None
    baseline: float = 0.0
    closing_equity: float | None = None
    halted: bool = False
    exposure: float = 0.0
    gross: dict[str, float] = field(default_factory=dict)  # of a symbol, over all bots
    positions: int = 0


@dataclass(frozen=True)
class Decision:
    """What became of a signal. `numbers` in the order of 0006: what the decision rests on."""

    tau: int
    bot: int
    symbol: str
    outcome: str  # enter, exit, refused
    reason: ExitReason | None
    refusal: RefusalCode | None  # for an entry: the cap that made it smaller
    numbers: tuple[float | None, ...]


@dataclass(frozen=True)
class Intent:
    """An order to be sent."""

    tau: int
    bot: int
    symbol: str
    purpose: Purpose
    reason: ExitReason
    sign: float
    quantity: float
    price: float
    stop: float | None
    target: float | None
    action: Action = Action.PLACE
    kind: OrderType = OrderType.MARKET
    own: float | None = None  # price of a limit or a stop


@dataclass(frozen=True)
class Reprice:
    """A stop to be moved."""

    tau: int
    bot: int
    symbol: str
    stop: float


@dataclass
class Log:
    """What the steps decided."""

    intents: list[Intent] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    reprices: list[Reprice] = field(default_factory=list)


@dataclass
class Minute:
    """What is known at a tau. Bars and closes by symbol, signals by bot and symbol."""

    tau: int
    bars: dict[str, Bar]
    closes: dict[str, float]  # the newest known
    signals: list[dict[str, Signals]]
    modes: list[str]  # trade, paused, guard, flatten


def numbered(bots: list[Bot]) -> Iterator[tuple[int, Bot, Holding]]:
    for number, bot in enumerate(bots):
        for holding in bot.holdings:
            yield number, bot, holding
