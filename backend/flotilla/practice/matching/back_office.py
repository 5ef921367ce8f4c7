"""What changes an account beside orders: its configurations, money in and out, its equity's record."""

from datetime import date, datetime
from decimal import Decimal

from flotilla.practice.errors import unprocessable
from flotilla.practice.matching.account import Account, Configurations
from flotilla.practice.matching.activities import EquityPoint, NonTradeActivity
from flotilla.practice.matching.changes import Recorder


class BackOffice:
    """Works on the market's own accounts; what it does is part of the market's changes."""

    def __init__(self, accounts: dict[str, Account], marks: dict[str, Decimal], recorder: Recorder) -> None:
        self._accounts = accounts
        self._marks = marks
        self._recorder = recorder
        self._sampled: dict[str, Decimal] = {}

    def configure(self, account_id: str, configurations: Configurations) -> None:
        """Set what the owner allows; the margin multiplier is in force at once."""
        account = self._accounts[account_id]
        account.configurations = configurations
        account.multiplier = Decimal(configurations.max_margin_multiplier)
        self._recorder.account(account)

    def transfer(self, account_id: str, amount: Decimal, now: datetime, day: date) -> NonTradeActivity:
        """Deposit `amount` dollars (negative: withdraw, which cash must cover)."""
        account = self._accounts[account_id]
        if account.cash + amount < 0:
            raise unprocessable("the account has not that much cash to withdraw")
        account.cash += amount
        account.initial_cash += amount
        account.last_equity += amount  # a transfer is no profit of the day
        self._recorder.account(account)
        name, text = ("CSD", "deposit") if amount >= 0 else ("CSW", "withdrawal")
        return self.book(account_id, name, now, day, net_amount=amount, description=text)

    def book(
        self,
        account_id: str,
        activity_type: str,
        now: datetime,
        day: date,
        *,
        net_amount: Decimal,
        description: str,
        symbol: str | None = None,
        qty: Decimal | None = None,
        price: Decimal | None = None,
        per_share_amount: Decimal | None = None,
    ) -> NonTradeActivity:
        """Record an activity that has been applied to the account; returns it."""
        sequence = self._recorder.sequence
        activity_id = sequence.next_id()
        activity = NonTradeActivity(
            id=activity_id,
            seq=sequence.value,
            account_id=account_id,
            activity_type=activity_type,
            date=day,
            created_at=now,
            net_amount=net_amount,
            description=description,
            symbol=symbol,
            qty=qty,
            price=price,
            per_share_amount=per_share_amount,
        )
        self._recorder.activity(activity)
        return activity

    def sample(self, at: datetime, closing: bool = False) -> None:
        """Record what each account is worth at `at`; within a session only where it has changed."""
        for account in self._accounts.values():
            equity = account.equity(self._marks)
            if closing or self._sampled.get(account.id) != equity:
                self._sampled[account.id] = equity
                self._recorder.equity(EquityPoint(account.id, at, equity, closing))
