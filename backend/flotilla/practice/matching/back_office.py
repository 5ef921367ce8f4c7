"""What changes an account beside orders: its configurations, money in and out, its equity's record."""

from datetime import date, datetime
from decimal import ROUND_DOWN, Decimal

from flotilla.practice.errors import unprocessable
from flotilla.practice.matching.account import Account, Configurations
from flotilla.practice.matching.activities import EquityPoint, NonTradeActivity
from flotilla.practice.matching.book import Book
from flotilla.practice.matching.changes import Recorder
from flotilla.practice.matching.settlement import Settlement

_SHARE_STEP = Decimal("1e-9")
_CENT = Decimal("0.01")


class BackOffice:
    """Works on the market's own accounts; what it does is part of the market's changes."""

    def __init__(
        self,
        accounts: dict[str, Account],
        marks: dict[str, Decimal],
        recorder: Recorder,
        book: Book,
        settlement: Settlement,
    ) -> None:
        self._accounts = accounts
        self._marks = marks
        self._recorder = recorder
        self._book = book
        self._settlement = settlement
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

    def split(self, symbol: str, ratio: Decimal, now: datetime, day: date) -> None:
        """Give `ratio` new shares for each held; open orders of the symbol are cancelled."""
        for order in self._book.open_orders():
            if order.symbol == symbol and order.is_open:
                self._settlement.cancel_group(order.root_id, now)
                self._book.prune(order.root_id)
        for account in self._accounts.values():
            position = account.positions.get(symbol)
            if position is not None:
                before = position.qty
                position.qty = (before * ratio).quantize(_SHARE_STEP, ROUND_DOWN).normalize()
                self._recorder.account(account)
                self.book(
                    account.id,
                    "SPLIT",
                    now,
                    day,
                    net_amount=Decimal(0),
                    description=f"{symbol} split {ratio}:1",
                    symbol=symbol,
                    qty=position.qty - before,
                )
        if symbol in self._marks:
            self._marks[symbol] /= ratio

    def dividend(self, symbol: str, amount: Decimal, now: datetime, day: date) -> None:
        """Pay `amount` dollars a share; who is short pays it."""
        for account in self._accounts.values():
            held = account.quantity(symbol)
            if held:
                paid = (held * amount).quantize(_CENT)
                account.cash += paid
                account.realized += paid
                self._recorder.account(account)
                self.book(
                    account.id,
                    "DIV",
                    now,
                    day,
                    net_amount=paid,
                    description=f"{symbol} dividend",
                    symbol=symbol,
                    qty=held,
                    per_share_amount=amount,
                )

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
