"""Length-prefixed frames between the parent and the worker.

Owns the kinds of frame and their header. Refuses to know what a payload means. Standard library
alone: the worker imports it.
"""

from __future__ import annotations

import struct
from typing import BinaryIO

INIT = b"I"  # to the worker: scripts, columns and limits, JSON
BATCH = b"B"  # to the worker: COPY text lines
READY = b"R"  # from the worker: scripts loaded; what isolation holds, JSON
PRINT = b"P"  # from the worker: text a script printed
OUTCOME = b"O"  # from the worker: counts, added columns and rejected rows of a batch, JSON
LINES = b"L"  # from the worker: the batch's COPY text lines, right after its outcome
FAILURE = b"F"  # from the worker: why it can't go on, JSON

HEADER = struct.Struct(">cQ")


def frame(kind: bytes, payload: bytes) -> bytes:
    """One frame as bytes."""
    return HEADER.pack(kind, len(payload)) + payload


def read_frame(stream: BinaryIO) -> tuple[bytes, bytes] | None:
    """The next frame of a blocking stream, or None at its end (also in the middle of a frame)."""
    header = stream.read(HEADER.size)
    if len(header) < HEADER.size:
        return None
    kind, length = HEADER.unpack(header)
    payload = stream.read(length)
    return (kind, payload) if len(payload) == length else None
