"""The market-data feeds: which address gives what, and the channels of each."""

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    STOCKS = "stocks"
    CRYPTO = "crypto"
    NEWS = "news"
    TEST = "test"  # FAKEPACA, around the clock


_STOCK_CHANNELS = (
    "trades",
    "quotes",
    "bars",
    "updatedBars",
    "dailyBars",
    "statuses",
    "lulds",
    "corrections",
    "cancelErrors",
    "imbalances",
)
CHANNELS: dict[Kind, tuple[str, ...]] = {
    Kind.STOCKS: _STOCK_CHANNELS,
    Kind.TEST: _STOCK_CHANNELS,
    Kind.CRYPTO: ("trades", "quotes", "bars", "updatedBars", "dailyBars", "orderbooks"),
    Kind.NEWS: ("news",),
}
ALL_CHANNELS = frozenset(channel for channels in CHANNELS.values() for channel in channels)

# What is counted together, and how many symbols may be subscribed to.
LIMITED = (("trades", "quotes"), ("orderbooks",))


@dataclass(frozen=True, slots=True)
class Feed:
    """One endpoint: an account has one connection to it."""

    path: str
    kind: Kind

    @property
    def channels(self) -> tuple[str, ...]:
        return CHANNELS[self.kind]

    def carries(self, symbol: str) -> bool:
        """Say whether messages of `symbol` belong to this feed."""
        if self.kind is Kind.CRYPTO:
            return "/" in symbol
        return self.kind is Kind.STOCKS and "/" not in symbol


FEEDS = {
    feed.path: feed
    for feed in (
        *(Feed(f"/v2/{name}", Kind.STOCKS) for name in ("iex", "sip", "delayed_sip")),
        *(Feed(f"/v1beta1/{name}", Kind.STOCKS) for name in ("boats", "overnight")),
        Feed("/v2/test", Kind.TEST),
        *(Feed(f"/v1beta3/crypto/{loc}", Kind.CRYPTO) for loc in ("us", "us-1", "us-2", "eu-1")),
        *(Feed(f"/{version}/crypto", Kind.CRYPTO) for version in ("v1beta2", "v1beta1")),
        Feed("/v1beta1/news", Kind.NEWS),
    )
}
