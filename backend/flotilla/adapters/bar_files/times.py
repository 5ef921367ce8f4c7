"""Times as files write them, to seconds since 1970 UTC."""

from collections.abc import Callable
from datetime import UTC, tzinfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from flotilla.domain.market import TimeArray, utc_offsets

# An epoch's unit by its size: seconds have 10 digits until the year 2286, and so on.
_EPOCHS = ((1e11, 1), (1e14, 1_000), (1e17, 1_000_000), (float("inf"), 1_000_000_000))
_SLASHED = ("%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y")  # as American exports write them
_PACKED = ("%Y%m%d %H%M%S", "%Y%m%d %H:%M:%S", "%Y%m%d %H%M", "%Y%m%d %H:%M", "%Y%m%d")
_DATES = (19_000_101, 21_001_231)  # numbers that are dates: 20240131
_ZONED = r"(Z|z|[+-]\d\d:?(\d\d)?)$"


class NotATime(ValueError):
    """`row` (from 0) is the first one whose time cannot be read."""

    def __init__(self, row: int, text: str) -> None:
        super().__init__(text)
        self.row = row
        self.text = text


def to_seconds(column: pa.Array, zone: tzinfo) -> TimeArray:
    """Read a column of times; those without a zone of their own are `zone`'s. Raises NotATime."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if not len(column):
        return np.empty(0, np.int64)
    if column.null_count:
        row = int(np.flatnonzero(pc.is_null(column).to_numpy(zero_copy_only=False))[0])
        raise NotATime(row, "nothing")
    if pa.types.is_timestamp(column.type):
        seconds = _whole(column)
        return seconds if column.type.tz else _local(seconds, zone)
    if pa.types.is_date(column.type):
        return _local(_whole(column.cast(pa.timestamp("s"))), zone)
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        values = column.cast(pa.float64()).to_numpy()
        if not _DATES[0] <= values[0] <= _DATES[1]:
            return _epoch(values)
        column = column.cast(pa.int64())
    return _written(pc.utf8_trim_whitespace(column.cast(pa.string())), zone)


def _written(texts: pa.Array, zone: tzinfo) -> TimeArray:
    first = texts[0].as_py()
    if _is_number(first) and not (len(first) == 8 and first.isdigit()):
        return _epoch(_each(texts, lambda part: part.cast(pa.float64())).to_numpy())
    if "/" in first:
        return _local(_whole(_by_formats(texts, _SLASHED)), zone)
    if first[:8].isdigit():
        return _local(_whole(_by_formats(texts, _PACKED)), zone)
    texts = pc.replace_substring_regex(texts, r"^(\S+)  +", r"\1 ")
    if pc.match_substring_regex(texts.slice(0, 1), r":\d\d.*" + _ZONED)[0].as_py():
        return _whole(_each(texts, lambda part: part.cast(pa.timestamp("us", "UTC"))))
    return _local(_whole(_each(texts, lambda part: part.cast(pa.timestamp("us")))), zone)


def _by_formats(texts: pa.Array, formats: tuple[str, ...]) -> pa.Array:
    chosen = next(
        (
            one
            for one in formats
            if not pc.strptime(texts.slice(0, 1), format=one, unit="s", error_is_null=True).null_count
        ),
        formats[0],
    )
    return _each(texts, lambda part: pc.strptime(part, format=chosen, unit="s"))


def _each(texts: pa.Array, convert: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """Convert all at once; where that fails, find the first that cannot be."""
    try:
        return convert(texts)
    except pa.ArrowInvalid:
        low, high = 0, len(texts)
        while high - low > 1:
            middle = (low + high) // 2
            try:
                convert(texts.slice(low, middle - low))
                low = middle
            except pa.ArrowInvalid:
                high = middle
        raise NotATime(low, repr(texts[low].as_py())) from None


def _epoch(values: np.ndarray) -> TimeArray:
    typical = float(np.nanmedian(values))
    unit = next(divisor for limit, divisor in _EPOCHS if typical < limit)
    bad = ~np.isfinite(values) | (values < 0)
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise NotATime(row, repr(float(values[row])))
    return np.asarray(values // unit, dtype=np.int64)


def _whole(column: pa.Array) -> TimeArray:
    """Whole seconds; what is finer is dropped."""
    seconds = column.cast(pa.timestamp("s", column.type.tz), safe=False).cast(pa.int64())
    return np.asarray(seconds.to_numpy(), dtype=np.int64)


def _local(seconds: TimeArray, zone: tzinfo) -> TimeArray:
    """The moments at which a clock in `zone` shows these; the first of the two at a repeated hour."""
    if zone is UTC:
        return seconds
    guess = seconds - utc_offsets(seconds, zone)
    earlier = seconds - utc_offsets(guess - 7200, zone)
    return np.asarray(np.minimum(earlier, seconds - utc_offsets(guess, zone)), dtype=np.int64)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
