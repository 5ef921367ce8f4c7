"""A backtest: every minute the fills first, then one step of every bot."""

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.kernel.twin.bar_open import Model
from tests.kernel.twin.clock import Moment, account_day
from tests.kernel.twin.entries import enter, mark_account
from tests.kernel.twin.exits import manage
from tests.kernel.twin.state import Account, Bot, Log, Minute, total

Moments = Callable[[int, Bot, str], Moment]


@dataclass
class Backtest:
    """Run `minute` for each minute in turn; `moments` tells what a tau is to a bot in a mode."""

    bots: list[Bot]
    account: Account | None
    model: Model
    moments: Moments
    log: Log = field(default_factory=Log)
    equity: list[list[float]] = field(default_factory=list)  # a row a minute
    exposure: list[list[float]] = field(default_factory=list)

    def minute(self, minute: Minute) -> None:
        moments = [
            self.moments(minute.tau, bot, mode) for bot, mode in zip(self.bots, minute.modes, strict=True)
        ]
        for number, bot in enumerate(self.bots):
            self.model.fill(bot, number, moments[number].day, minute)
        for number, bot in enumerate(self.bots):
            manage(bot, number, moments[number], minute, self.log)
        if self.account is not None:
            mark_account(self.account, self.bots, account_day(minute.tau))
        for number, bot in enumerate(self.bots):
            enter(bot, number, self.account, moments[number], minute, self.log)
        self.equity.append([bot.closing_equity or 0.0 for bot in self.bots])
        self.exposure.append([total(abs(h.quantity) * h.mark for h in bot.holdings) for bot in self.bots])
