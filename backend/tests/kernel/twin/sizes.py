"""How much an entry wants, and what cuts it: caps, the account's limits, cash."""

import math
from dataclasses import dataclass

from flotilla.domain.risk import RefusalCode, Sizing
from tests.kernel.twin.prices import whole_quantity
from tests.kernel.twin.state import Account, Bot, Holding, Signals, total

RESERVE = 1.01


@dataclass
class Size:
    """The outcome. `refusal`, or what made it smaller; `limit` is what that one allows."""

    refusal: RefusalCode | None
    shrunk: RefusalCode | None
    equity: float
    price: float
    wanted: float
    limit: float
    cash: float
    quantity: float
    account: tuple[float, ...] | None = None  # what its limits refused by

    @property
    def numbers(self) -> tuple[float, ...]:
        if self.account is not None:
            return self.account
        return self.equity, self.price, self.wanted, self.limit, self.cash, self.quantity

    def keep_whole_shares(self) -> None:
        """What is sold short is lent in whole shares."""
        if self.refusal is None:
            self.quantity = float(math.floor(self.quantity))
            self.refusal = RefusalCode.SIZE_TOO_SMALL if self.quantity == 0.0 else None


def kelly(bot: Bot) -> float:
    """W - (1 - W) / R: the share of winners, and the average win over the average loss."""
    if not bot.wins:
        return 0.0
    share = len(bot.wins) / (len(bot.wins) + len(bot.losses))
    if not bot.losses:
        return share
    ratio = (total(bot.wins) / len(bot.wins)) / (total(bot.losses) / len(bot.losses))
    return share - (1.0 - share) / ratio


def asked(bot: Bot, base: float, close: float, stop: float | None, volatility: float | None) -> float | None:
    """What the sizing asks for, not rounded; None: no edge to bet on. `base` is equity or capital."""
    risk = bot.risk
    if risk.sizing is Sizing.FIXED_QUANTITY:
        return risk.position_quantity
    if risk.sizing is Sizing.FIXED_AMOUNT:
        return risk.position_amount / close
    if risk.sizing is Sizing.RISK_PER_TRADE:
        assert stop is not None
        return base * risk.risk_percent / 100.0 / abs(close - stop)
    if risk.sizing is Sizing.VOLATILITY_TARGET:
        assert volatility is not None
        if volatility <= 0.0:
            return base / close
        return base * min(risk.volatility_percent / volatility, 1.0) / close
    if risk.sizing is Sizing.KELLY and len(bot.wins) + len(bot.losses) >= risk.kelly_after_trades:
        part = min(risk.kelly_fraction * kelly(bot), 1.0)
        return base * part / close if part > 0.0 else None
    return base * risk.position_percent / 100.0 / close


def size(
    bot: Bot, account: Account | None, holding: Holding, signals: Signals, close: float, stop: float | None
) -> Size:
    equity, cash = bot.equity, bot.free_cash
    base = bot.capital if bot.risk.fixed_capital else equity
    want = asked(bot, base, close, stop, signals.volatility)
    found = Size(None, None, equity, close, 0.0, 0.0, cash, 0.0)
    if want is None:
        found.refusal, found.limit = RefusalCode.NO_EDGE, kelly(bot)
        return found
    found.wanted = whole_quantity(holding.instrument, want)
    if found.wanted == 0.0:
        found.refusal, found.wanted = RefusalCode.SIZE_TOO_SMALL, want
        return found
    found.quantity = found.limit = found.wanted
    for code, allowed in caps(bot, holding, signals, close):
        if not _cut(found, holding, code, allowed):
            return found
    if account is not None and _account_refuses(account, bot, holding, found.quantity * close):
        found.account = _account_numbers(account, holding, found.quantity * close)
        found.refusal, found.limit, found.quantity = RefusalCode.ACCOUNT_LIMIT, found.quantity, 0.0
        return found
    _cut(found, holding, RefusalCode.INSUFFICIENT_CASH, cash / (close * RESERVE))
    return found


def _cut(found: Size, holding: Holding, code: RefusalCode, allowed: float) -> bool:
    """Whether something is left of what `code` allows."""
    if allowed < found.quantity:
        found.shrunk, found.limit = code, allowed
        found.quantity = whole_quantity(holding.instrument, allowed)
        if found.quantity == 0.0:
            found.refusal = code
    return found.refusal is None


def caps(bot: Bot, holding: Holding, signals: Signals, close: float) -> list[tuple[RefusalCode, float]]:
    """The quantity that each cap which is on allows, in their order."""
    risk, equity, held = bot.risk, bot.equity, holding.exposure
    most = equity
    if risk.max_position_account_percent is not None:
        most = min(most, risk.max_position_account_percent / 100.0 * bot.account_equity)
    if risk.max_position_amount is not None:
        most = min(most, risk.max_position_amount)
    found = [(RefusalCode.POSITION_CAP, (most - held) / close)]
    if risk.max_symbol_percent is not None:
        allowed = risk.max_symbol_percent / 100.0 * equity - held
        found.append((RefusalCode.SYMBOL_CAP, allowed / close))
    if risk.max_exposure_percent is not None:
        allowed = risk.max_exposure_percent / 100.0 * equity - bot.exposure
        found.append((RefusalCode.EXPOSURE_CAP, allowed / close))
    if risk.max_volume_percent is not None and signals.liquidity is not None:
        found.append((RefusalCode.LIQUIDITY_CAP, risk.max_volume_percent / 100.0 * signals.liquidity))
    return found


def _account_refuses(account: Account, bot: Bot, holding: Holding, value: float) -> bool:
    equity = account.closing_equity
    assert equity is not None
    gross = account.gross.get(holding.symbol, 0.0)
    return (
        account.halted
        or _beyond(account.exposure + value, account.exposure_percent, equity)
        or _beyond(gross + value, account.symbol_percent, equity)
        or (
            account.max_positions is not None
            and holding.quantity == 0.0
            and account.positions >= account.max_positions
        )
    )


def _account_numbers(account: Account, holding: Holding, value: float) -> tuple[float, ...]:
    equity = account.closing_equity
    assert equity is not None
    held, count = account.gross.get(holding.symbol, 0.0), float(account.positions)
    return equity, value, account.exposure, held, count, equity - account.baseline


def _beyond(value: float, percent: float | None, equity: float) -> bool:
    return percent is not None and value > percent / 100.0 * equity
