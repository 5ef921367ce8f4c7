"""Tests of the running product, as a person and an operator meet it: no stubs, no fakes."""
