"""The addresses and keys of one Alpaca account, or of the practice market that stands in for it."""

from dataclasses import dataclass, field, replace

BASIC_PLAN = 30  # symbols on one connection, of the free plan


@dataclass(frozen=True, slots=True)
class AlpacaConfig:
    """`trading_url`, `data_url` and `stream_url` override Alpaca's own hosts.

    `practice` says that the market is ours: its clock is read from `/practice/state`, and it sends
    all bars of a minute in one frame. `feed` is `iex` (every plan) or `sip` (a paid one). `symbol_limit`:
    how many symbols the plan streams on one connection, None where it does not count them.
    """

    key_id: str = field(repr=False)
    secret_key: str = field(repr=False)
    paper: bool = True
    practice: bool = False
    feed: str = "iex"
    trading_url: str | None = None
    data_url: str | None = None
    trade_stream_url: str | None = None
    bar_stream_url: str | None = None
    coin_stream_url: str | None = None
    symbol_limit: int | None = BASIC_PLAN

    @classmethod
    def for_practice(cls, url: str, *, key_id: str, secret_key: str) -> "AlpacaConfig":
        """The account `key_id` of a practice market at the http address `url`."""
        base = url.rstrip("/")
        sockets = base.replace("http", "ws", 1)
        return cls(
            key_id=key_id,
            secret_key=secret_key,
            practice=True,
            trading_url=base,
            data_url=base,
            trade_stream_url=f"{sockets}/stream",
            bar_stream_url=f"{sockets}/v2/iex",
            coin_stream_url=f"{sockets}/v1beta3/crypto/us",
            symbol_limit=None,
        )

    @classmethod
    def at_alpaca(
        cls, *, key_id: str, secret_key: str, paper: bool, feed: str = "iex", stand_in: str | None = None
    ) -> "AlpacaConfig":
        """An account at Alpaca, whose hosts are alpaca-py's own.

        `stand_in` is the http address of a server that takes the place of all of them.
        """
        limit = BASIC_PLAN if feed == "iex" else None
        config = cls(key_id, secret_key, paper=paper, feed=feed, symbol_limit=limit)
        if stand_in is None:
            return config
        base = stand_in.rstrip("/")
        sockets = base.replace("http", "ws", 1)
        return replace(
            config,
            trading_url=base,
            data_url=base,
            trade_stream_url=f"{sockets}/stream",
            bar_stream_url=f"{sockets}/v2/{feed}",
            coin_stream_url=f"{sockets}/v1beta3/crypto/us",
        )
