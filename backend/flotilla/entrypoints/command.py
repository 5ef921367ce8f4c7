"""How a command of the command line ends: done, a sentence and exit status 1, or interrupted."""

import sys
from collections.abc import Callable
from typing import NoReturn

from pydantic import ValidationError

from flotilla.domain.errors import DomainError, Invalid, Unavailable
from flotilla.entrypoints import logs
from flotilla.settings import Settings


def carry_out(program: Callable[[], None], *, market: str | None = None, interrupted: str) -> None:
    """Run to the end; what is wrong is said on standard error, with exit status 1 (130: interrupted).

    `market`: where the practice market should be, when it is needed.
    """
    logs.configure("warning")  # the progress bar says the rest
    try:
        program()
    except Unavailable as error:
        if market is None or error.code != "BROKER_UNREACHABLE":
            give_up(error.detail)
        give_up(f"There is no practice market at {market}: `flotilla run` or `flotilla practice` starts it.")
    except Invalid as error:
        give_up(_sentences(error))
    except DomainError as error:
        give_up(error.detail)
    except (ValueError, OSError) as error:
        give_up(str(error))
    except KeyboardInterrupt:
        sys.stderr.write(f"{interrupted}\n")
        raise SystemExit(130) from None


def read_settings() -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        give_up(f"{first['loc'][0]} is not usable: {first['msg']}.")


def give_up(sentence: str) -> NoReturn:
    sys.stderr.write(f"{sentence}\n")
    raise SystemExit(1)


def _sentences(error: Invalid) -> str:
    """Where the problems say more than the sentence above them, those."""
    if error.detail != Invalid([]).detail:
        return error.detail
    return "\n".join(dict.fromkeys(f"{one.field}: {one.message}" for one in error.problems))
