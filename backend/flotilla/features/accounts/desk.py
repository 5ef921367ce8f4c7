"""What accounts need besides the database; built by bootstrap."""

from dataclasses import dataclass

from flotilla.ports.accounts import KeyChecker, KeyVault
from flotilla.ports.clock import WallClock


@dataclass(frozen=True, slots=True)
class AccountDesk:
    """`allow_live`: whoever runs this installation permits real money (FLOTILLA_ALLOW_LIVE)."""

    vault: KeyVault
    checker: KeyChecker
    clock: WallClock
    default_id: str
    allow_live: bool = False
