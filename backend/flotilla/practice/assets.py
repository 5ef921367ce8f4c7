"""The listed stocks."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

_NAMESPACE = uuid.UUID("6b1f6d1e-6f0b-5f0e-9d0a-70a5c1a55e75")
_APPLE = "b0b6dd9d-8b9b-48a9-ba46-b9d54906e415"  # the id Alpaca gives it

_KNOWN = {
    "AAPL": ("Apple Inc. Common Stock", "NASDAQ"),
    "MSFT": ("Microsoft Corporation Common Stock", "NASDAQ"),
    "SPY": ("SPDR S&P 500 ETF Trust", "ARCA"),
    "QQQ": ("Invesco QQQ Trust", "NASDAQ"),
    "TSLA": ("Tesla, Inc. Common Stock", "NASDAQ"),
    "FAKEPACA": ("Fake Alpaca Inc.", "NASDAQ"),
}
ALWAYS_LISTED = tuple(_KNOWN)


@dataclass(frozen=True, slots=True)
class Asset:
    id: str
    symbol: str
    name: str
    exchange: str
    tradable: bool


def asset_id(symbol: str) -> str:
    """Return the UUID that stands for `symbol`, the same in every market."""
    return _APPLE if symbol == "AAPL" else str(uuid.uuid5(_NAMESPACE, symbol))


class AssetDirectory:
    """What is always listed and what the source has bars of; only the latter can be traded."""

    def __init__(self, with_bars: Iterable[str]) -> None:
        traded = set(with_bars)
        self.all = [_asset(symbol, symbol in traded) for symbol in sorted({*ALWAYS_LISTED, *traded})]
        self._by_name = {asset.symbol: asset for asset in self.all}
        self._by_name |= {asset.id: asset for asset in self.all}

    def find(self, symbol_or_id: str) -> Asset | None:
        return self._by_name.get(symbol_or_id) or self._by_name.get(symbol_or_id.lower())


def _asset(symbol: str, tradable: bool) -> Asset:
    name, exchange = _KNOWN.get(symbol, (symbol, "NYSE"))
    return Asset(asset_id(symbol), symbol, name, exchange, tradable)
