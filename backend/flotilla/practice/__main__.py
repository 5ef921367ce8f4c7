"""`python -m flotilla.practice`: the practice market alone, on an address of PostgreSQL's."""

import argparse
import asyncio
import os
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

from flotilla.practice.errors import PracticeStartError
from flotilla.practice.server import serve
from flotilla.practice.settings import (
    AccountSettings,
    FillModelName,
    PracticeSettings,
    parse_account,
    parse_speed,
    parse_symbols,
    parse_token,
)


def main() -> int:
    """Serve until stopped; returns the exit status."""
    try:
        asyncio.run(serve(_settings(_arguments()), _print_ready))
    except PracticeStartError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _arguments() -> argparse.Namespace:
    environment = os.environ
    parser = argparse.ArgumentParser(prog="python -m flotilla.practice", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8010, help="0 takes a free one")
    parser.add_argument("--bars", default=environment.get("FLOTILLA_PRACTICE_BARS"))
    parser.add_argument("--symbols", default="", help="A,B")
    parser.add_argument(
        "--speed",
        default=environment.get("FLOTILLA_PRACTICE_SPEED", "60"),
        help="market seconds a second, 0 = paused, max",
    )
    parser.add_argument("--start", type=date.fromisoformat, help="the first session")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--fill-model",
        choices=[name.value for name in FillModelName],
        default=environment.get("FLOTILLA_PRACTICE_FILL_MODEL", FillModelName.QUOTES.value),
    )
    parser.add_argument("--slippage-bps", type=Decimal, default=Decimal(0))
    parser.add_argument(
        "--extended-hours",
        action="store_true",
        help="stocks trade from 04:00 to 20:00 New York, not only while an order asks for it",
    )
    parser.add_argument("--database-url", default=environment.get("DATABASE_URL"))
    parser.add_argument(
        "--account", action="append", default=[], metavar="KEY:SECRET:CASH", help="repeatable"
    )
    parser.add_argument(
        "--token", action="append", default=[], metavar="TOKEN:KEY", help="an OAuth token; repeatable"
    )
    parser.add_argument(
        "--rate-limit", type=int, default=200, help="requests a key and minute of market time, 0 = any"
    )
    parser.add_argument("--scenario", type=Path, metavar="FILE", help="YAML: what happens on purpose")
    parser.add_argument("--tls-cert", type=Path, help="PEM: serve https and wss (with --tls-key)")
    parser.add_argument("--tls-key", type=Path)
    return parser.parse_args()


def _settings(arguments: argparse.Namespace) -> PracticeSettings:
    if not arguments.database_url:
        raise PracticeStartError("Name a PostgreSQL with --database-url or DATABASE_URL.")
    accounts = tuple(parse_account(text) for text in arguments.account)
    return PracticeSettings(
        database_url=arguments.database_url,
        host=arguments.host,
        port=arguments.port,
        bars=Path(arguments.bars) if arguments.bars else None,
        symbols=parse_symbols(arguments.symbols),
        speed=parse_speed(arguments.speed),
        start=arguments.start,
        seed=arguments.seed,
        slippage_bps=arguments.slippage_bps,
        extended_hours=arguments.extended_hours,
        fill_model=FillModelName(arguments.fill_model),
        accounts=accounts or (AccountSettings(),),
        tokens=tuple(parse_token(text) for text in arguments.token),
        rate_limit=arguments.rate_limit,
        scenario=arguments.scenario,
        tls_cert=arguments.tls_cert,
        tls_key=arguments.tls_key,
    )


def _print_ready(address: str) -> None:
    sys.stdout.write(f"The practice market is ready: {address}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
