"""Scripts that loop, eat memory or end their process fail alone; the parent goes on."""

from __future__ import annotations

import threading

import pytest

from arus_dagster.dialects.base import Chunk
from arus_dagster.engine.transform.process import ScriptLoadError
from arus_dagster.errors import CancelledError, TransformError
from tests.integration.engine.transform.conftest import OpenProcess

ONE = Chunk(b"1\n", 1)


def test_a_script_that_loops_is_stopped_at_the_limit(open_process: OpenProcess) -> None:
    with (
        open_process("while True: pass", seconds_per_batch=0.7) as process,
        pytest.raises(TransformError, match=r"script 's1' took longer than 0\.7 s for one batch"),
    ):
        process.apply(ONE)


def test_a_script_that_loops_when_loaded_is_stopped_at_the_limit(
    open_process: OpenProcess,
) -> None:
    looping = "def transform(row): return row\nwhile True: pass"
    with (
        pytest.raises(TransformError, match=r"took longer than 0\.7 s to load"),
        open_process(looping, seconds_to_load=0.7),
    ):
        pytest.fail("loaded")


@pytest.mark.parametrize(
    "body",
    [
        "return {'id': 'x' * (1 << 30)}",
        "hoard = []\nwhile True: hoard.append(bytearray(1 << 20))",
        "hoard = []\nwhile True: hoard.append(len(hoard))",
    ],
)
def test_a_script_that_eats_memory_fails_and_says_so(open_process: OpenProcess, body: str) -> None:
    with (
        open_process(body, memory_mb=128) as process,
        pytest.raises(TransformError, match="more than the 128 MB of memory"),
    ):
        process.apply(ONE)


def test_rows_kept_by_a_script_count_towards_its_memory(open_process: OpenProcess) -> None:
    hoarder = "kept = []\ndef transform(row):\n    kept.append(dict(row))\n    return row"
    with (
        open_process(hoarder, columns=[("t", "text")], memory_mb=128) as process,
        pytest.raises(TransformError, match="more than the 128 MB of memory"),
    ):
        for _ in range(200):
            process.apply(Chunk(b"x" * 1_000_000 + b"\n", 1))


@pytest.mark.parametrize(
    ("body", "how"),
    [
        ("import os; os._exit(7)", "ended with code 7"),
        ("import ctypes; ctypes.string_at(0)", "was killed by signal 11"),
    ],
)
def test_a_script_that_ends_its_process_fails_the_transform(
    open_process: OpenProcess, body: str, how: str
) -> None:
    with (
        open_process(body) as process,
        pytest.raises(TransformError, match=f"process of the script 's1' {how}"),
    ):
        process.apply(ONE)


def test_a_script_that_writes_into_the_protocol_fails_the_transform(
    open_process: OpenProcess,
) -> None:
    body = """
        import os
        for descriptor in range(3, 64):
            try:
                os.write(descriptor, b"X" * 64)
            except OSError:
                pass
        return row
    """
    with open_process(body) as process, pytest.raises(TransformError, match="script 's1'"):
        process.apply(ONE)


def test_cancel_from_another_thread_stops_a_batch_in_flight(
    open_process: OpenProcess,
) -> None:
    started = threading.Event()
    looping = (
        "import time\ndef transform(row):\n    print('started')\n    while True: time.sleep(1)"
    )
    process = open_process(looping)
    process._on_print = lambda line: started.set()  # type: ignore[attr-defined]
    with process as running:

        def cancel() -> None:
            started.wait(30)
            running.cancel()

        canceller = threading.Thread(target=cancel)
        canceller.start()
        with pytest.raises(CancelledError):
            running.apply(ONE)
        canceller.join()
        with pytest.raises(CancelledError):
            running.apply(ONE)


def test_a_fault_of_one_chunk_leaves_the_next_unharmed(open_process: OpenProcess) -> None:
    with open_process("return {'id': 10 // row['id']}") as process:
        spoiled = process.apply(Chunk(b"0\n5\n", 2))
        good = process.apply(Chunk(b"2\n", 1))
    assert (spoiled.data, spoiled.rows) == (b"2\n", 1)
    (row,) = spoiled.rejected
    assert row.stage == "transform"
    assert "ZeroDivisionError" in row.reason
    assert row.payload == {"id": 0}
    assert good.data == b"5\n"


def test_a_script_that_cannot_be_loaded_names_itself_and_its_line(
    open_process: OpenProcess,
) -> None:
    with (
        pytest.raises(ScriptLoadError, match="script 's2', line 3: ZeroDivisionError") as caught,
        open_process("return row", "x = 0\n\n1 / x\ndef transform(row): return row"),
    ):
        pytest.fail("loaded")
    assert caught.value.line == 3


def test_large_chunks_pass_in_both_directions(open_process: OpenProcess) -> None:
    line = b"x" * 1_000_000 + b"\n"
    with open_process("row['t'] += 'y'\nreturn row", columns=[("t", "text")]) as process:
        chunk = process.apply(Chunk(line * 8, 8))
    assert chunk.data == (line[:-1] + b"y\n") * 8


def test_an_empty_chunk_is_answered(open_process: OpenProcess) -> None:
    with open_process("return row") as process:
        assert process.apply(Chunk(b"", 0)).data == b""
