"""What the worker does at the end of its memory.

Owns the one way out: end the process at once, with a code that says why. Standard library alone:
the worker imports it.
"""

from __future__ import annotations

import os
from typing import NoReturn

EXIT_CODE = 3


def out_of_memory() -> NoReturn:
    """End the process where MemoryError is met.

    The error can't be raised further: unwinding takes memory, and CPython 3.11 tries for ever to
    get it (``exception_unwind`` in ceval.c starts over when its own allocation fails).
    """
    os._exit(EXIT_CODE)
