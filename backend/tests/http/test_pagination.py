"""Cursors: opaque, exact, and refused when they are not ours."""

import base64
from datetime import UTC, datetime, timedelta, timezone

import pytest
import uuid_utils
from hypothesis import given
from hypothesis import strategies as st

from flotilla.domain.errors import Invalid
from flotilla.http.pagination import cut, decode, encode

ID = "0197d3a0-0000-7000-8000-000000000001"
moments = st.datetimes(
    min_value=datetime(1970, 1, 2),  # noqa: DTZ001 - Hypothesis adds the zone
    max_value=datetime(2200, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


@given(moment=moments)
def test_a_cursor_gives_back_its_row(moment: datetime) -> None:
    row_id = str(uuid_utils.uuid7())
    assert decode(encode(moment, row_id)) == (moment, row_id)


def test_a_cursor_fits_into_an_address() -> None:
    cursor = encode(datetime(2026, 3, 10, 14, 31, 0, 123456, UTC), ID)
    assert cursor.isascii()
    assert not set(cursor) & set("+/&?# ")


def test_any_zone_is_the_same_moment() -> None:
    moment = datetime(2026, 3, 10, 10, 31, tzinfo=timezone(timedelta(hours=-4)))
    assert decode(encode(moment, ID))[0] == moment


def raw(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "abc",
        "!!!!",
        "é",
        "\0",
        raw(""),
        raw("|"),
        raw(f"2026-03-10T14:31:00+00:00{ID}"),
        raw(f"2026-03-10T14:31:00+00:00|{ID}|x"),
        raw(f"yesterday|{ID}"),
        raw("2026-03-10T14:31:00+00:00|x"),
        raw("2026-03-10T14:31:00+00:00|\0"),
        raw(f"0001-01-01T00:00:00+14:00|{ID}"),
        raw(f"9999-12-31T23:59:59-14:00|{ID}"),
        base64.urlsafe_b64encode(b"\xff\xfe|\xff").decode(),
    ],
)
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(Invalid) as refused:
        decode(cursor)
    assert [problem.field for problem in refused.value.problems] == ["cursor"]


@given(st.text(max_size=80))
def test_no_text_makes_more_than_a_refusal(cursor: str) -> None:
    try:
        moment, row_id = decode(cursor)
    except Invalid:
        return
    assert moment.tzinfo is not None
    assert row_id


@pytest.mark.parametrize(("count", "page", "last"), [(0, 0, None), (2, 2, None), (3, 3, None), (4, 3, 2)])
def test_one_row_more_than_asked_for_says_that_there_is_more(count: int, page: int, last: int | None) -> None:
    assert cut(range(count), 3) == (range(page), last)
