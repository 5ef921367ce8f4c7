"""Where bars are fetched from: the practice market, or Alpaca with the keys of the environment."""

from collections.abc import Iterator
from contextlib import contextmanager

from flotilla.adapters.alpaca.bar_source import AlpacaBarSource
from flotilla.adapters.alpaca.client import AlpacaClient
from flotilla.adapters.alpaca.config import AlpacaConfig
from flotilla.adapters.clock import SystemClock
from flotilla.bootstrap.account import practice_config
from flotilla.domain.errors import Invalid, Problem
from flotilla.ports.bar_history import BarSource
from flotilla.settings import Settings


@contextmanager
def bar_source(settings: Settings, kind: str, *, feed: str = "iex") -> Iterator[BarSource]:
    """The `practice` market or `alpaca`. Raises Invalid where Alpaca's keys are not set."""
    config = practice_config(settings) if kind == "practice" else _alpaca(settings)
    client = AlpacaClient(config, resend=False)
    try:
        yield AlpacaBarSource(client, SystemClock(), feed=feed)
    finally:
        client.close()


def _alpaca(settings: Settings) -> AlpacaConfig:
    if not settings.alpaca_key or settings.alpaca_secret is None:
        raise Invalid(
            [Problem("source", "needs keys")],
            "Alpaca's keys are not set: APCA_API_KEY_ID and APCA_API_SECRET_KEY.",
        )
    return AlpacaConfig(
        settings.alpaca_key, settings.alpaca_secret.get_secret_value(), data_url=settings.alpaca_data_url
    )
