"""A split is no fall in price, a dividend no loss."""

from datetime import UTC, date, datetime

import numpy as np
import pytest

from flotilla.domain.adjustment import ActionKind, Adjustment, CorporateAction
from flotilla.domain.adjustment import adjusted as restated
from flotilla.domain.market import NEW_YORK, Series

SPLIT = CorporateAction(date(2024, 6, 10), ActionKind.SPLIT, 4.0)
DIVIDEND = CorporateAction(date(2024, 6, 11), ActionKind.DIVIDEND, 2.5)


def days(closes: list[float]) -> Series:
    """One bar a day from 7 June 2024 (a Friday), 09:30 in New York, but the weekend."""
    at = [datetime(2024, 6, day, 9, 30, tzinfo=NEW_YORK) for day in (7, 10, 11, 12)[: len(closes)]]
    close = np.array(closes)
    start = np.array([int(one.timestamp()) for one in at], np.int64)
    return Series(start, close, close * 1.01, close * 0.99, close, np.full(len(closes), 100.0))


def adjusted(
    raw: Series, actions: list[CorporateAction], kind: Adjustment, as_of: date | None = None
) -> Series:
    """The close before each dividend here is that of the second day."""
    return restated(raw, actions, kind, close_before=lambda _: float(raw.close[1]), as_of=as_of)


def test_a_split_restates_what_was_before_it() -> None:
    bars = adjusted(days([400, 101, 102]), [SPLIT], Adjustment.SPLIT)
    assert bars.close.tolist() == [100, 101, 102]
    assert bars.high.tolist() == pytest.approx([101, 102.01, 103.02])
    assert bars.volume.tolist() == [400, 100, 100]


def test_a_dividend_counts_only_when_asked_for() -> None:
    raw = days([400, 100, 97.5, 98])
    assert adjusted(raw, [SPLIT, DIVIDEND], Adjustment.SPLIT).close.tolist() == [100, 100, 97.5, 98]
    # 1 - 2.5 / 100 before the dividend, on top of the split before that.
    both = adjusted(raw, [SPLIT, DIVIDEND], Adjustment.ALL).close.tolist()
    assert both == pytest.approx([97.5, 97.5, 97.5, 98])


def test_raw_is_raw_and_nothing_to_do_copies_nothing() -> None:
    raw = days([400, 100])
    assert adjusted(raw, [SPLIT], Adjustment.RAW) is raw
    assert adjusted(raw.cut(slice(1, None)), [SPLIT], Adjustment.SPLIT).close.tolist() == [100]
    assert raw.close.tolist() == [400, 100]


def test_as_of_a_day_before_the_split_the_old_shares_count() -> None:
    raw = days([400, 100])
    assert adjusted(raw, [SPLIT], Adjustment.SPLIT, as_of=date(2024, 6, 9)) is raw
    assert adjusted(raw, [SPLIT], Adjustment.SPLIT, as_of=date(2024, 6, 10)).close[0] == 100


def test_a_split_takes_effect_at_the_midnight_of_the_bars_clock() -> None:
    last = datetime(2024, 6, 10, 3, 59, tzinfo=UTC)  # 23:59 in New York
    start = np.array([int(last.timestamp()), int(last.timestamp()) + 60], np.int64)
    one = np.array([400.0, 400.0])
    assert adjusted(Series(start, one, one, one, one, one), [SPLIT], Adjustment.SPLIT).close.tolist() == [
        100,
        400,
    ]


def test_a_dividend_after_a_close_that_is_not_known_is_left_out() -> None:
    raw = days([400, 100])
    for close in (None, 2.0):  # and one that would take all that it was worth
        found = restated(raw, [DIVIDEND], Adjustment.ALL, close_before=lambda _, close=close: close)
        assert found.close.tolist() == [400, 100]
