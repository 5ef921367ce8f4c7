"""One connection that listens to trade updates: whose, and how they are encoded."""

from dataclasses import dataclass
from typing import Any

import msgpack
import orjson

from flotilla.practice.publishing.outbox import Outbox


@dataclass(frozen=True, slots=True, eq=False)
class TradeListener:
    """`packed`: MessagePack, as the handshake's Content-Type asked; else JSON. Binary frames both."""

    outbox: Outbox
    account_id: str
    packed: bool

    def send(self, message: dict[str, Any]) -> None:
        self.outbox.put(encoded(message, self.packed))


def encoded(message: dict[str, Any], packed: bool) -> bytes:
    """Return the frame of one message."""
    if packed:
        frame: bytes = msgpack.packb(message)
        return frame
    return orjson.dumps(message)
