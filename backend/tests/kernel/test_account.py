"""The account of live bots: its day, what comes and goes, what it keeps. Entries are parity's business."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from flotilla.domain.kernel.account import AccountBook, Standing, account_days
from flotilla.domain.risk import AccountLimits
from tests.kernel.twin.clock import account_day

TAU = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)  # 11:00 in New York
LIMITS = AccountLimits(daily_loss_percent=1.0)


def standing(cash: float, quantity: float = 0.0, price: float = 100.0, capital: float = 10_000.0) -> Standing:
    return Standing.of_ledger(cash, capital, {"AAPL": (quantity, price)} if quantity else {})


def marked(*minutes: dict[str, Standing]) -> AccountBook:
    book = AccountBook(LIMITS)
    for n, one in enumerate(minutes):
        book.mark(TAU + timedelta(minutes=n), one)
    return book


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 3, 10, 19, 59, tzinfo=UTC),
        datetime(2026, 3, 10, 20, 0, tzinfo=UTC),  # 16:00 in New York, in summer
        datetime(2026, 3, 10, 20, 1, tzinfo=UTC),
        datetime(2026, 3, 6, 21, 0, tzinfo=UTC),  # 16:00, in winter
        datetime(2026, 3, 6, 21, 1, tzinfo=UTC),
        datetime(2026, 3, 11, 0, 0, tzinfo=UTC),
        datetime(2026, 3, 8, 7, 0, tzinfo=UTC),  # the clock is set forward
        datetime(2026, 11, 1, 6, 30, tzinfo=UTC),  # an hour comes twice
    ],
)
def test_the_day_ends_at_four_in_new_york(moment: datetime) -> None:
    tau = int(moment.timestamp())
    unlike = account_days(np.array([tau - 60, tau]))
    assert bool(unlike[0] != unlike[1]) == (account_day(tau - 60) != account_day(tau))


def test_only_the_minute_after_four_begins_a_day() -> None:
    first = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp())
    taus = np.arange(first, first + 40 * 86_400, 60)
    begins = np.flatnonzero(np.diff(account_days(taus))) + 1
    shown = {account_day(int(tau)) - account_day(int(tau) - 60) for tau in taus[begins]}
    assert (len(begins), shown) == (40, {1})


def test_a_loss_halts_the_day_and_the_next_day_starts_from_its_end() -> None:
    book = marked({"a": standing(0, 100)}, {"a": standing(0, 100, 98.9)}, {"a": standing(0, 100, 100.0)})
    assert (book.record.daily_loss_halted, book.record.day_baseline) == (1, 10_000.0)
    book.mark(TAU + timedelta(days=1), {"a": standing(0, 100, 101.0)})
    assert (book.record.daily_loss_halted, book.record.day_baseline) == (0, 10_000.0)


def test_a_late_bots_minute_does_not_bring_the_day_before_back() -> None:
    book = marked({"a": standing(10_000)})
    book.mark(TAU + timedelta(days=1), {"a": standing(9_950)})
    book.mark(TAU, {"a": standing(9_940)})
    assert (book.record.day_baseline, book.record.closing_equity) == (10_000.0, 9_940.0)


def test_money_that_comes_and_goes_is_no_profit() -> None:
    book = marked(
        {"a": standing(10_000)},
        {"a": standing(9_990), "b": standing(5_000, capital=5_000.0)},
        {"a": standing(19_990, capital=20_000.0), "b": standing(4_980, capital=5_000.0)},
        {"a": standing(19_990, capital=20_000.0)},
    )
    assert book.record.closing_equity - book.record.day_baseline == -30.0
    assert book.record.closing_equity == 19_990.0
    assert book.record.daily_loss_halted == 0


def test_what_is_held_counts_once_a_bot_and_together_a_symbol() -> None:
    book = marked({"b": standing(0, -50), "a": standing(0, 30)})
    assert (book.record.exposure, book.record.positions) == (8_000.0, 2)
    assert list(book.members) == ["a", "b"]


def test_what_is_kept_goes_on_as_if_nothing_had_been() -> None:
    minutes = [{"a": standing(0, 100, price)} for price in (100.0, 98.7, 99.9)]
    whole = marked(*minutes)
    again = AccountBook(LIMITS)
    again.restore(marked(*minutes[:2]).checkpoint())
    assert not again.marked, "nothing is gated by what was before the restart"
    again.mark(TAU + timedelta(minutes=2), minutes[2])
    assert again.checkpoint() == whole.checkpoint()
    assert again.record.daily_loss_halted == 1


def test_a_book_that_was_never_marked_is_kept_too() -> None:
    book = AccountBook(LIMITS)
    book.restore(AccountBook(LIMITS).checkpoint())
    book.mark(TAU, {"a": standing(10_000)})
    assert book.record.day_baseline == 10_000.0
    with pytest.raises(KeyError):
        book.restore({"day": 1})
