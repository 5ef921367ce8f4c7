"""The exchange's sessions, from the library and from the file that they are kept in."""

from datetime import UTC, date, datetime
from pathlib import Path

from flotilla.adapters.calendar import ExchangeCalendar


def test_holidays_and_early_closes() -> None:
    sessions = ExchangeCalendar().sessions(date(2024, 11, 27), date(2024, 12, 2))
    assert [(one.open, one.close) for one in sessions] == [
        (datetime(2024, 11, 27, 14, 30, tzinfo=UTC), datetime(2024, 11, 27, 21, tzinfo=UTC)),
        (datetime(2024, 11, 29, 14, 30, tzinfo=UTC), datetime(2024, 11, 29, 18, tzinfo=UTC)),
        (datetime(2024, 12, 2, 14, 30, tzinfo=UTC), datetime(2024, 12, 2, 21, tzinfo=UTC)),
    ]
    assert ExchangeCalendar().sessions(date(2024, 11, 28), date(2024, 11, 28)) == []
    assert len(ExchangeCalendar().sessions(date(1970, 1, 1), date(2100, 12, 31))) > 32_000


def test_what_is_kept_is_what_the_library_says_and_a_broken_file_is_made_anew(tmp_path: Path) -> None:
    first, last = date(1998, 1, 1), date(2026, 12, 31)
    expected = ExchangeCalendar().sessions(first, last)
    assert ExchangeCalendar(tmp_path).sessions(first, last) == expected
    [kept] = tmp_path.iterdir()
    content = kept.read_bytes()
    for number, found in enumerate((content, content[:1000], b"")):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / kept.name).write_bytes(found)
        assert ExchangeCalendar(folder).sessions(first, last) == expected
        assert (folder / kept.name).read_bytes() == content
