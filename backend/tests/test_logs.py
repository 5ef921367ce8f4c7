"""A program's log is JSON, a line a record, tracebacks too."""

import json
import subprocess
import sys

PROGRAM = """
import logging
import structlog
from flotilla.entrypoints import logs
logs.configure("info")
try:
    1 / 0
except ZeroDivisionError:
    structlog.get_logger("ours").exception("failed", bot="Bot")
    logging.getLogger("theirs").exception("failed too")
"""


def test_a_traceback_is_a_field_of_its_line() -> None:
    ended = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    ours, theirs = map(json.loads, ended.stderr.splitlines())
    assert (ours["event"], ours["bot"], theirs["event"]) == ("failed", "Bot", "failed too")
    for record in (ours, theirs):
        assert record["exception"].startswith("Traceback (most recent call last):\n")
        assert record["exception"].endswith("ZeroDivisionError: division by zero")
