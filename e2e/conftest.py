"""The product, started once a session for the tests that leave it as it was, and the browser."""

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

import pytest
from playwright.sync_api import Page, Playwright, expect

from e2e.harness import reports, tools
from e2e.harness.product import Product

# The browser shares two cores with PostgreSQL, the backend and whatever else runs.
expect.set_options(timeout=15_000)


@pytest.fixture(scope="session")
def new_folder() -> Iterator[Callable[[], Path]]:
    """Make new, empty folders. (Not pytest's own: as root, PostgreSQL runs as another user, whom every
    further pytest on the machine would lock out again.)"""
    with TemporaryDirectory(prefix="flotilla-e2e-") as parent:
        yield lambda: Path(mkdtemp(dir=parent))


@pytest.fixture
def folder(new_folder: Callable[[], Path]) -> Path:
    """An empty folder of the test's own."""
    return new_folder()


@pytest.fixture(scope="session")
def product(new_folder: Callable[[], Path]) -> Iterator[Product]:
    """A running product that tests share: each may add to it, none may break it."""
    with closing(Product(new_folder() / "var").start()) as running:
        yield running


@pytest.fixture
def start_product(folder: Path) -> Iterator[Callable[..., Product]]:
    """Start products of the test's own; settings are environment variables."""
    with ExitStack() as stack:

        def start(data: Path = folder / "var", **settings: str) -> Product:
            return stack.enter_context(closing(Product(data, **settings).start()))

        yield start


@pytest.fixture(scope="session")
def browser_type_launch_args(
    browser_type_launch_args: dict[str, Any], playwright: Playwright
) -> dict[str, Any]:
    """Launch the Chromium that is there; as root it cannot have its sandbox."""
    executable = tools.browser(Path(playwright.chromium.executable_path))
    arguments = ["--disable-background-networking"]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")
    return {**browser_type_launch_args, "executable_path": executable, "args": arguments}


@pytest.fixture
def page(page: Page) -> Iterator[Page]:
    """A page on which nothing may raise."""
    raised: list[str] = []
    page.on("pageerror", lambda error: raised.append(str(error)))
    yield page
    assert not raised


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show beside a failure what the running products said."""
    report = yield
    if report.failed:
        report.sections.extend(("What ran", watched.report()) for watched in reports.WATCHED)
    return report
