"""Waiting for something outside this process to become true."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(look: Callable[[], T], what: str, *, seconds: float = 20.0) -> T:
    """Look until what is seen is truthy, and return it; fail after `seconds`, saying `what` was awaited."""
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"After {seconds:g} s still not: {what}.")
        time.sleep(0.05)
    return seen
