"""Every line of the contract's checklist has a test, and the page that says so is current."""

from conformance_table import items, named_tests, rendered, written


def test_every_line_of_the_checklist_has_a_test() -> None:
    assert sorted(items()) == list(range(1, 97))
    assert sorted(set(items()) - set(named_tests())) == []


def test_the_page_is_current() -> None:
    assert written() == rendered()
