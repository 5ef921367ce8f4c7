"""When a bot that failed is tried again, and when it is given up."""

import random

MAX_FAILURES = 5  # in a row; then a person has to look
STEADY = 600.0  # wall seconds after which a run counts as a good one
_FIRST, LONGEST = 1.0, 60.0  # wall seconds


def pause(failures: int, *, chance: random.Random) -> float:
    """Wall seconds before the attempt that follows so many failures in a row.

    Exponential, and drawn from its upper half: bots that failed of one cause do not come back at once.
    """
    longest = min(LONGEST, _FIRST * 2.0 ** (failures - 1))
    return longest * chance.uniform(0.5, 1.0)
