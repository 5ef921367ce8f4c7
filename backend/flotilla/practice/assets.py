"""The listed stocks and pairs of coins."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from flotilla.practice.matching.orders import is_crypto

_NAMESPACE = uuid.UUID("6b1f6d1e-6f0b-5f0e-9d0a-70a5c1a55e75")
# The ids that Alpaca gives them.
_IDS = {
    "AAPL": "b0b6dd9d-8b9b-48a9-ba46-b9d54906e415",
    "BTC/USD": "276e2673-764b-4ab6-a611-caf665ca6340",
}

_KNOWN = {
    "AAPL": ("Apple Inc. Common Stock", "NASDAQ"),
    "MSFT": ("Microsoft Corporation Common Stock", "NASDAQ"),
    "SPY": ("SPDR S&P 500 ETF Trust", "ARCA"),
    "QQQ": ("Invesco QQQ Trust", "NASDAQ"),
    "TSLA": ("Tesla, Inc. Common Stock", "NASDAQ"),
    "FAKEPACA": ("Fake Alpaca Inc.", "NASDAQ"),
}
_PAIRS = {"BTC/USD": "Bitcoin / US Dollar", "ETH/USD": "Ethereum / US Dollar"}
# Not to be had in fractions nor sold short, so that the refusals of such assets can be met.
_HARD_TO_BORROW = frozenset({"FAKEPACA"})
ALWAYS_LISTED = tuple(_KNOWN)
ALWAYS_LISTED_PAIRS = tuple(_PAIRS)


@dataclass(frozen=True, slots=True)
class Asset:
    id: str
    symbol: str
    name: str
    exchange: str
    tradable: bool
    fractionable: bool = True
    shortable: bool = True

    @property
    def is_crypto(self) -> bool:
        return is_crypto(self.symbol)

    @property
    def attributes(self) -> tuple[str, ...]:
        """What Alpaca lists beside the flags: fractions trade in extended hours too."""
        return ("fractional_eh_enabled",) if self.fractionable and not self.is_crypto else ()

    @property
    def asset_class(self) -> str:
        return asset_class(self.symbol)


def asset_class(symbol: str) -> str:
    """Return Alpaca's name of the class that `symbol` belongs to."""
    return "crypto" if is_crypto(symbol) else "us_equity"


def without_slash(symbol: str) -> str:
    """Return BTCUSD of BTC/USD, as positions and activities name it; stocks as they are."""
    return symbol.replace("/", "")


def asset_id(symbol: str) -> str:
    """Return the UUID that stands for `symbol`, the same in every market."""
    return _IDS.get(symbol) or str(uuid.uuid5(_NAMESPACE, symbol))


def cusip(symbol: str) -> str:
    """Return a made-up CUSIP of `symbol`, with its right check digit."""
    body = uuid.uuid5(_NAMESPACE, f"cusip {symbol}").hex[:8].upper()
    doubled = (int(sign, 36) * (index % 2 + 1) for index, sign in enumerate(body))
    return f"{body}{-sum(value // 10 + value % 10 for value in doubled) % 10}"


class AssetDirectory:
    """What is always listed and what the source has bars of; only the latter can be traded.

    A pair is found with and without its slash.
    """

    def __init__(self, with_bars: Iterable[str]) -> None:
        traded = set(with_bars)
        listed = sorted({*ALWAYS_LISTED, *ALWAYS_LISTED_PAIRS, *traded})
        self.all = [_asset(symbol, symbol in traded) for symbol in listed]
        self._by_name = {without_slash(asset.symbol): asset for asset in self.all}
        self._by_name |= {asset.symbol: asset for asset in self.all}
        self._by_name |= {asset.id: asset for asset in self.all}

    def find(self, symbol_or_id: str) -> Asset | None:
        return self._by_name.get(symbol_or_id) or self._by_name.get(symbol_or_id.lower())


def _asset(symbol: str, tradable: bool) -> Asset:
    if is_crypto(symbol):
        return Asset(
            asset_id(symbol), symbol, _PAIRS.get(symbol, symbol), "CRYPTO", tradable, shortable=False
        )
    name, exchange = _KNOWN.get(symbol, (symbol, "NYSE"))
    easy = symbol not in _HARD_TO_BORROW
    return Asset(asset_id(symbol), symbol, name, exchange, tradable, fractionable=easy, shortable=easy)
