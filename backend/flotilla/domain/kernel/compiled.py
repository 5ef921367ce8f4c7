"""How the kernel's functions are compiled: by Numba, once, and kept on disk.

`NUMBA_DISABLE_JIT=1` leaves them as they are written: slow, but a debugger can step through them.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba

_Function = TypeVar("_Function", bound=Callable[..., object])

_HERE = Path(__file__).parent
# What is compiled into one another. Numba notices a change of a function's own file only, so the
# cache's folder is named by the text of all of them: an upgrade never runs what was compiled before.
_SOURCES = (
    _HERE.parent / "codes.py",
    *sorted(_HERE.glob("*.py")),
    _HERE.parents[1] / "research" / "timeline.py",
    *sorted((_HERE.parents[1] / "research" / "model").glob("*.py")),
)


def cache_folder() -> Path:
    """Where the compiled forms of exactly these sources are: beside them, else in the user's cache."""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in _SOURCES)).hexdigest()[:16]
    beside = _HERE / "__pycache__" / f"compiled-{digest}"
    try:
        beside.mkdir(parents=True, exist_ok=True)
        (beside / "writable").touch()
    except OSError:
        return Path.home() / ".cache" / "flotilla" / f"compiled-{digest}"
    return beside


numba.config.CACHE_DIR = str(cache_folder())  # type: ignore[attr-defined]


def compiled(function: _Function) -> _Function:
    """Compile `function` on its first call. No fast-math: the same doubles as in plain Python.

    It may allocate nothing: without reference counts, which would cost most of the time of a step.
    """
    return _compile(function, inline="never")


def inlined(function: _Function) -> _Function:
    """Compile `function` into its callers: what every minute passes through, and hands arrays on."""
    return _compile(function, inline="always")


def _compile(function: _Function, *, inline: str) -> _Function:
    options: dict[str, Any] = {"inline": inline, "_nrt": False}
    made: _Function = numba.njit(cache=True, nogil=True, error_model="numpy", **options)(function)
    return made
