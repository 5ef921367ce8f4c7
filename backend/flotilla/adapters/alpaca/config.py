"""The addresses and keys of one Alpaca account, or of the practice market that stands in for it."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class AlpacaConfig:
    """`trading_url`, `data_url` and `stream_url` override Alpaca's own hosts.

    `practice` says that the market is ours: its clock is read from `/practice/state`, and it sends
    all bars of a minute in one frame.
    """

    key_id: str
    secret_key: str = field(repr=False)
    paper: bool = True
    practice: bool = False
    trading_url: str | None = None
    data_url: str | None = None
    trade_stream_url: str | None = None
    bar_stream_url: str | None = None

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
        )
