"""The programs that tests need and that are no wheel or npm package (see scripts/install-test-tools).

Where one is missing its tests are skipped with the reason; with CI set they fail.
"""

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Debian keeps daemons where an ordinary user's PATH does not look.
_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])


def find(name: str) -> str | None:
    """The path of an installed program."""
    return shutil.which(name, path=_PATH)


def require(name: str, package: str) -> str:
    """The path of an installed program; ends the test where there is none."""
    return find(name) or missing(f"{name} is not installed (Debian: apt install {package})")


def browser(downloaded: Path) -> str:
    """The Chromium to test with; `downloaded` is where Playwright's own would be.

    The order: FLOTILLA_BROWSER, an installed one, Playwright's. (Where none of these exists,
    scripts/install-test-tools has tried Debian's package.)
    """
    if named := os.environ.get("FLOTILLA_BROWSER"):
        return find(named) or missing(f"FLOTILLA_BROWSER names {named}, which is no program")
    installed = next(filter(None, map(find, BROWSERS)), None)
    if installed is None and downloaded.exists():
        installed = str(downloaded)
    return installed or missing("no Chromium or Chrome is installed (Debian: apt install chromium)")


def missing(reason: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
