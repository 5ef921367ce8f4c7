"""alpaca-py's REST clients, made safe for an event loop.

They block (so: a bounded thread pool), have no timeout (so: one is mounted), and send a request again
by themselves on 429 and 504. A 504 may have been carried out, so only a 429 is left to them; still
every order carries a client order id, and a refusal of a repeated one means that the outcome has to be
asked for.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import requests
from alpaca.common.exceptions import APIError
from alpaca.data.historical import CryptoHistoricalDataClient, StockHistoricalDataClient
from alpaca.trading.client import TradingClient
from requests.adapters import HTTPAdapter

from flotilla.adapters.alpaca.config import AlpacaConfig
from flotilla.domain.errors import Unavailable
from flotilla.ports.broker import KEYS_REFUSED, OrderRejected, OutcomeUnknown, TooManyRequests

T = TypeVar("T")

NOT_FOUND = 40410000  # Alpaca's code of what it does not know
# No answer at all, or one that lacks what it must have.
NO_ANSWER = (requests.RequestException, LookupError, TypeError, ValueError, ArithmeticError)
_CONNECT_TIMEOUT, _READ_TIMEOUT = 3.05, 10.0
_THREADS = 8


class _TimeoutAdapter(HTTPAdapter):
    """Gives every request a timeout that did not name one."""

    def send(self, request: Any, *args: Any, **kwargs: Any) -> requests.Response:
        if kwargs.get("timeout") is None:
            kwargs["timeout"] = (_CONNECT_TIMEOUT, _READ_TIMEOUT)
        return super().send(request, *args, **kwargs)


class _CountedAdapter(_TimeoutAdapter):
    """Also hands on what each answer says of the requests that are left."""

    def __init__(self, hear: Callable[[requests.Response], None], **options: Any) -> None:
        super().__init__(**options)
        self._hear = hear

    def send(self, request: Any, *args: Any, **kwargs: Any) -> requests.Response:
        response = super().send(request, *args, **kwargs)
        self._hear(response)
        return response


class AlpacaClient:
    """One account's REST clients and the threads they run in."""

    def __init__(self, config: AlpacaConfig, *, resend: bool = True) -> None:
        """`resend` False: alpaca-py sends nothing again by itself, a 429 reaches the caller at once."""
        self.config = config
        self.trading = TradingClient(
            config.key_id,
            config.secret_key,
            paper=config.paper,
            raw_data=True,
            url_override=config.trading_url,
        )
        self.data = StockHistoricalDataClient(
            config.key_id, config.secret_key, raw_data=True, url_override=config.data_url
        )
        self.coins = CryptoHistoricalDataClient(
            config.key_id, config.secret_key, raw_data=True, url_override=config.data_url
        )
        self.trading._retry_codes = [429]
        for client in (self.trading, self.data, self.coins):
            if not resend:
                client._retry_codes = []
            adapter = _TimeoutAdapter(pool_maxsize=_THREADS)
            client._session.mount("http://", adapter)
            client._session.mount("https://", adapter)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="alpaca")

    def hear_allowance(self, hear: Callable[[int | None, int | None], None]) -> None:
        """Have `hear` called in the running loop with (limit, remaining) of every trading answer that
        was no refusal; None for what it does not say.
        """
        loop = asyncio.get_running_loop()

        def read(response: requests.Response) -> None:
            if response.status_code != 429 and not loop.is_closed():
                limit, left = (_number(response, f"X-RateLimit-{name}") for name in ("Limit", "Remaining"))
                loop.call_soon_threadsafe(hear, limit, left)

        for scheme in ("http://", "https://"):
            self.trading._session.mount(scheme, _CountedAdapter(read, pool_maxsize=_THREADS))

    async def call(self, request: Callable[[], T]) -> T:
        """Run a blocking request in the pool. Raises APIError and requests' own errors."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, request)

    async def read(self, request: Callable[[], T]) -> T:
        """Run a request that changes nothing. Raises Unavailable when there is no good answer."""
        try:
            return await self.call(request)
        except APIError as error:
            raise refused(error) from error
        except NO_ANSWER as error:
            raise unanswered(error) from error

    async def find(self, request: Callable[[], T]) -> T | None:
        """Like `read`, but an answer of "not found" is None."""
        try:
            return await self.call(request)
        except APIError as error:
            # A proxy's 404 says nothing of the order.
            if error.status_code == 404 and _code(error) == NOT_FOUND:
                return None
            raise refused(error) from error
        except NO_ANSWER as error:
            raise unanswered(error) from error

    async def change(self, request: Callable[[], T]) -> T:
        """Run a request that changes something at the broker.

        Raises OrderRejected when the broker said no, OutcomeUnknown when it cannot be known.
        """
        try:
            return await self.call(request)
        except APIError as error:
            if error.status_code == 429:
                raise too_many(error) from error
            if error.status_code in (400, 401, 403, 404, 422) and "must be unique" not in message(error):
                raise OrderRejected(message(error), code=_code(error)) from error
            raise OutcomeUnknown(message(error)) from error
        except NO_ANSWER as error:
            raise OutcomeUnknown(type(error).__name__) from error

    def close(self, *, wait: bool = False) -> None:
        """Send nothing more. `wait`: return when what is under way has been answered or has timed out."""
        self._threads.shutdown(wait=wait, cancel_futures=True)


def refused(error: APIError) -> Unavailable:
    if error.status_code == 429:
        return too_many(error)
    if error.status_code == 401:  # a 403 is of one request, not of the keys
        return Unavailable("The broker refused the account's keys: replace them.", code=KEYS_REFUSED)
    return Unavailable(f"The broker answered: {message(error)}", code="BROKER_ERROR")


def too_many(error: APIError) -> TooManyRequests:
    """Alpaca's own 429 names no time; a proxy's may."""
    after = None if error.response is None else _number(error.response, "Retry-After")
    return TooManyRequests("The broker refuses further requests for now.", retry_after=after)


def _number(response: requests.Response, header: str) -> int | None:
    value = response.headers.get(header, "")
    return int(value) if value.isdecimal() else None


def unanswered(error: Exception) -> Unavailable:
    if isinstance(error, requests.RequestException):
        return Unavailable("The broker cannot be reached; it is asked again.", code="BROKER_UNREACHABLE")
    return Unavailable("The broker's answer cannot be read; it is asked again.", code="BROKER_ERROR")


def message(error: APIError) -> str:
    """The sentence of an error's body, or the body itself where it is no JSON."""
    try:
        return str(error.message)
    except (ValueError, KeyError, TypeError):
        return str(error)[:200]


def _code(error: APIError) -> int | None:
    try:
        return int(error.code)
    except (ValueError, KeyError, TypeError):
        return None
