"""Seeing that a page was not loaded again."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page


@contextmanager
def no_reload(page: Page) -> Iterator[None]:
    """Fail when the document is not the same at the end: its variables go when it does."""
    page.evaluate("globalThis.sameDocument = true")
    yield
    assert page.evaluate("globalThis.sameDocument === true"), "The page was loaded again."
