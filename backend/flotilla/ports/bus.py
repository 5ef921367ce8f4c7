"""Nudges between the processes: "look again". They may be lost, so whoever waits also polls."""

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Protocol

BOTS = "flotilla_bots"  # a bot's desired state or definition changed
FINDINGS = "flotilla_findings"  # a remedy for a difference with the broker is wanted
ACCOUNTS = "flotilla_accounts"  # an account was added, changed or archived
EVENTS = "flotilla_events"  # something was written to the outbox
NUMBERED = "flotilla_numbered"  # the relay has numbered new facts
PRICES = "flotilla_prices"  # a minute closed: its bars are the payload


class Nudges(Protocol):
    def listen(self, *channels: str) -> AbstractAsyncContextManager[asyncio.Queue[tuple[str, str]]]:
        """A queue of (channel, payload). ("", "") says that the connection is lost: listen anew."""
        ...
