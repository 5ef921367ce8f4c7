"""`POST /api/charts`: over real routes and a real bar store."""

from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest
import talib

from flotilla.domain.market import Series
from flotilla.features.charts.schemas import ChartOut
from tests.bars import keep, walk
from tests.features.api import Api

FIRST, LAST = date(2025, 2, 3), date(2025, 2, 14)
SMA = {"id": "slow", "name": "SMA", "params": {"timeperiod": 20}}
RSI = {"id": "hour", "name": "RSI", "params": {"timeperiod": 5}, "timeframe": "1Hour"}


@pytest.fixture(scope="module")
def bars() -> Series:
    return walk(date(2025, 1, 21), LAST)


async def draw(api: Api, **body: Any) -> ChartOut:
    """Return the answer, held against its own schema."""
    whole = {"symbol": "AAPL", "source": "import", "first": FIRST.isoformat(), "last": LAST.isoformat()}
    response = await api.client.post("/charts", json=whole | body)
    assert response.status_code == 200, response.text
    return ChartOut.model_validate_json(response.content)


async def test_the_newest_bars_and_indicators_over_them(api: Api, bars: Series) -> None:
    keep(api.backtests.store, "import", "AAPL", bars)
    found = await draw(api, indicators=[SMA, RSI], bars=500)
    assert found.bars.start == bars.start[-500:].tolist()
    assert found.bars.close == bars.close[-500:].tolist()
    assert (found.earlier, found.later) == (True, False)
    lines = {(line.indicator, line.output): line.values for line in found.lines}
    assert lines["slow", "sma"] == pytest.approx(talib.SMA(bars.close, 20)[-500:].tolist())
    # A value of a longer bar stands from that bar's end to the next one's.
    assert len(set(lines["hour", "rsi"])) < 12
    assert None not in lines["hour", "rsi"]


async def test_the_bars_around_a_moment(api: Api, bars: Series) -> None:
    keep(api.backtests.store, "import", "AAPL", bars)
    around = datetime.fromisoformat("2025-02-06T15:00:00+00:00")
    found = await draw(api, around=around.isoformat(), bars=101)
    assert (found.earlier, found.later) == (True, True)
    assert len(found.bars.start) == 101
    assert found.bars.start[0] < around.timestamp() < found.bars.start[-1]
    edge = await draw(api, around="2025-02-03T14:31:00+00:00", bars=100)
    assert len(edge.bars.start) == 100
    assert not edge.earlier


async def test_bars_before_the_range_warm_indicators_up_and_are_not_shown(api: Api, bars: Series) -> None:
    keep(api.backtests.store, "import", "AAPL", bars)
    found = await draw(api, indicators=[SMA], bars=5_000)
    assert datetime.fromtimestamp(found.bars.start[0], UTC).date() == FIRST
    assert not found.earlier
    assert found.lines[0].values[0] is not None


async def test_longer_bars(api: Api, bars: Series) -> None:
    keep(api.backtests.store, "import", "AAPL", bars)
    found = await draw(api, timeframe="1Day")
    assert len(found.bars.start) == 10
    assert np.all(np.array(found.bars.high) >= np.array(found.bars.low))


async def test_what_is_wrong_is_said_at_its_field(api: Api, bars: Series) -> None:
    keep(api.backtests.store, "import", "AAPL", bars)
    unknown = SMA | {"name": "NOPE"}
    cases: list[tuple[dict[str, Any], str]] = [
        ({"symbol": "../../x"}, "symbol"),
        ({"indicators": [unknown]}, "indicators.0.name"),
        ({"indicators": [SMA | {"params": {"timeperiod": 0}}]}, "indicators.0.params.timeperiod"),
        ({"indicators": [SMA, SMA]}, "indicators.0.id"),
        ({"indicators": [RSI], "timeframe": "1Day"}, "indicators.0.timeframe"),
        ({"source": "no/such"}, "source"),
        ({"symbol": "MSFT"}, "symbol"),
    ]
    whole = {"symbol": "AAPL", "source": "import", "first": FIRST.isoformat(), "last": LAST.isoformat()}
    for body, field in cases:
        response = await api.client.post("/charts", json=whole | body)
        assert response.status_code == 422, body
        assert field in [error["field"] for error in response.json()["errors"]], response.text
