"""Imported by the process that engines are forked from."""

from flotilla.bootstrap import engine
from flotilla.entrypoints import engine as program
from flotilla.research.kernel_cache import compile_kernel

__all__ = ["engine", "program"]

compile_kernel()
