"""How bars as first seen are laid down in a row: small, exact to the last bit."""

import zlib
from collections.abc import Mapping
from datetime import UTC, tzinfo

import numpy as np
import orjson

from flotilla.domain.market import NEW_YORK, Bar, Series

Values = tuple[float, float, float, float, float]  # open, high, low, close, volume

_QUICK = 1  # zlib's level: the higher ones save a tenth and take three times as long


def pack_minute(bars: Mapping[str, Bar]) -> bytes:
    """One minute's bars of many symbols."""
    values = {s: (b.open, b.high, b.low, b.close, b.volume) for s, b in bars.items()}
    return zlib.compress(orjson.dumps(values), _QUICK)


def unpack_minute(packed: bytes) -> dict[str, Values]:
    return {symbol: tuple(values) for symbol, values in orjson.loads(zlib.decompress(packed)).items()}


def pack_series(bars: Series) -> bytes:
    """Many one-minute bars of one symbol."""
    prices = (bars.open, bars.high, bars.low, bars.close, bars.volume)
    columns = [bars.start.astype("<i8"), *(np.asarray(column, "<f8") for column in prices)]
    return zlib.compress(b"".join(column.tobytes() for column in columns), _QUICK)


def unpack_series(packed: bytes, symbol: str) -> Series:
    content = zlib.decompress(packed)
    size = len(content) // 6
    start, *prices = (content[n * size : (n + 1) * size] for n in range(6))
    clock: tzinfo = UTC if "/" in symbol else NEW_YORK
    return Series(
        np.frombuffer(start, "<i8").astype(np.int64),
        *(np.frombuffer(column, "<f8").astype(np.float64) for column in prices),
        clock=clock,
    )
