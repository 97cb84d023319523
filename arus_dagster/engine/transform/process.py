"""Transform scripts over chunks, in a process of their own.

Owns the parent's side: what is sent, how answers are read, and how faults of the worker become
errors. Refuses to run a script's code in this process.
"""

from __future__ import annotations

import json
import logging
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from arus_dagster.dialects.base import Chunk, Column, RejectedRow
from arus_dagster.engine.specs import Script
from arus_dagster.engine.transform.frames import (
    BATCH,
    FAILURE,
    INIT,
    LINES,
    OUTCOME,
    PRINT,
    READY,
    frame,
)
from arus_dagster.engine.transform.memory import EXIT_CODE as MEMORY_EXIT
from arus_dagster.engine.transform.payload import row_payload
from arus_dagster.engine.transform.pipe import WorkerGoneError, WorkerPipe, WorkerTimeoutError
from arus_dagster.errors import CancelledError, TransformError

_log = logging.getLogger(__name__)

ADDED_BY_SCRIPT = "script"  # the source_type of a column that a script added


@dataclass(frozen=True, slots=True)
class TransformedChunk:
    """What scripts made of a chunk.

    Args:
        data: COPY text lines for exactly ``columns``.
        rows: how many lines ``data`` holds.
        columns: the input's columns in their order, then those added by scripts so far.
        source: the input's lines.
        origins: of which input line each line of ``data`` was made; None where each one was kept.
        dropped: rows for which a script returned None.
        rejected: rows on which a script raised, or whose values can't be stored.
    """

    data: bytes
    rows: int
    columns: tuple[Column, ...]
    source: bytes
    origins: Sequence[int] | None = None
    dropped: int = 0
    rejected: tuple[RejectedRow, ...] = ()

    def with_sources(self) -> bytes:
        """The lines, each with one more field: the text of the input line it was made of."""
        # The input is one more value, escaped like any other; both splits run in C.
        sources = self.source.replace(b"\\", b"\\\\").replace(b"\t", b"\\t").split(b"\n")
        lines = self.data.split(b"\n")
        lines.pop()
        if self.origins is not None:
            sources = [sources[number] for number in self.origins]
        return b"".join(
            b"%b\t%b\n" % pair for pair in zip(lines, sources[: len(lines)], strict=True)
        )

    def refusal(self, reject: Callable[[str, bytes], None]) -> Callable[[str, bytes], None]:
        """What to tell of a line of ``data`` that the warehouse refuses: ``reject`` is told of the
        input's line instead. Equal lines stand for their sources in turn."""
        # Made at the first refusal, of which most chunks have none.
        waiting: defaultdict[bytes, deque[int]] = defaultdict(deque)
        sources: list[bytes] = []

        def refuse(reason: str, line: bytes) -> None:
            if not waiting:
                sources.extend(self.source.split(b"\n"))
                for place, made in enumerate(self.data.split(b"\n")[:-1]):
                    waiting[made].append(place)
            place = waiting[line.removesuffix(b"\n")].popleft()
            origin = place if self.origins is None else self.origins[place]
            reject(reason, sources[origin] + b"\n")

        return refuse


class ScriptLoadError(TransformError):
    """A script can't be used at all.

    Args:
        line: 1-based line in the script, or None.
    """

    def __init__(self, message: str, script: str, line: int | None) -> None:
        place = f"script {script!r}" + (f", line {line}" if line is not None else "")
        super().__init__(f"{place}: {message}")
        self.reason = message
        self.line = line


class TransformProcess:
    """A worker for one table; use it as a context manager and from one thread.

    The worker is killed when the thread that entered the context ends.

    Args:
        scripts: those that apply to the table, in order.
        columns: the columns of the chunks, in order.
        on_print: called with each line that a script prints.
        memory_mb: the worker's limit, in MiB.
        seconds_per_batch: limit for one chunk.
        seconds_to_load: limit for starting the worker and loading the scripts.
        known: columns that scripts added to the target in earlier runs, so that they keep their
            type.
        dry_run: call each script once with an empty row when it is loaded.
    """

    def __init__(
        self,
        scripts: Sequence[Script],
        columns: Sequence[Column],
        *,
        on_print: Callable[[str], None],
        memory_mb: int = 512,
        seconds_per_batch: float = 60.0,
        seconds_to_load: float = 30.0,
        known: Sequence[Column] = (),
        dry_run: bool = False,
    ) -> None:
        self._scripts = tuple(scripts)
        self._columns = tuple(columns)
        self._known = tuple(known)
        self._on_print = on_print
        self._memory_mb = memory_mb
        self._seconds_per_batch = seconds_per_batch
        self._seconds_to_load = seconds_to_load
        self._dry_run = dry_run
        self._stop = threading.Event()
        self._pipe: WorkerPipe | None = None
        self.isolation: Mapping[str, str] = {}

    def __enter__(self) -> Self:
        self._pipe = WorkerPipe(self._memory_mb, self._stop)
        order = {
            "scripts": [{"name": s.name, "content": s.content} for s in self._scripts],
            "columns": [(c.name, c.target_type) for c in self._columns],
            "known": [(c.name, c.target_type) for c in self._known],
            "dry_run": self._dry_run,
        }
        try:
            request = frame(INIT, json.dumps(order).encode())
            (ready,) = self._ask(request, (READY,), self._seconds_to_load, "to load")
        except BaseException:
            self.__exit__(None, None, None)
            raise
        self.isolation = json.loads(ready)["isolation"]
        for layer, state in self.isolation.items():
            if state != "on":
                _log.warning("transform worker runs without %s: %s", layer, state)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pipe, self._pipe = self._pipe, None
        if pipe is not None:
            if kind is not None:
                pipe.kill()
            pipe.close()

    def apply(self, chunk: Chunk) -> TransformedChunk:
        """Run the scripts over a chunk.

        Raises:
            TransformError: a script loops, eats memory or ends its process.
            CancelledError: ``cancel`` was called.
        """
        told, lines = self._ask(
            frame(BATCH, chunk.data), (OUTCOME, LINES), self._seconds_per_batch, "for one batch"
        )
        outcome = json.loads(told)
        if outcome["suppressed"]:
            self._on_print(f"… {outcome['suppressed']} more printed lines were not kept")
        added = tuple(
            Column(name=name, source_type=ADDED_BY_SCRIPT, target_type=target_type)
            for name, target_type in outcome["added"]
        )
        rejected = tuple(
            RejectedRow("transform", reason, row_payload(line, self._columns))
            for reason, line in outcome["rejected"]
        )
        if outcome["rows"] + outcome["dropped"] + len(rejected) != chunk.rows:
            raise TransformError("the transform worker's counts of rows do not add up")
        return TransformedChunk(
            data=lines,
            rows=outcome["rows"],
            columns=self._columns + added,
            source=chunk.data,
            origins=outcome["origins"],
            dropped=outcome["dropped"],
            rejected=rejected,
        )

    def cancel(self) -> None:
        """Stop from another thread: a call in flight and later ones raise CancelledError."""
        self._stop.set()
        if self._pipe is not None:
            self._pipe.kill()

    def _ask(
        self, request: bytes, wanted: tuple[bytes, ...], seconds: float, purpose: str
    ) -> list[bytes]:
        pipe = self._pipe
        if pipe is None:
            raise TransformError("the transform worker is not running")
        answers: list[bytes] = []
        try:
            for kind, payload in pipe.exchange(request, seconds):
                if kind == PRINT:
                    self._on_print(payload.decode("utf-8", "replace"))
                elif kind == FAILURE:
                    raise self._failure(json.loads(payload))
                elif kind == wanted[len(answers)]:
                    answers.append(payload)
                    if len(answers) == len(wanted):
                        return answers
                else:
                    break
        except WorkerTimeoutError:
            pipe.kill()
            raise TransformError(
                f"the {self._names} took longer than {seconds:g} s {purpose} and was stopped"
            ) from None
        except WorkerGoneError as error:
            raise self._ended(error) from None
        pipe.kill()
        raise TransformError(f"the {self._names} broke the protocol of its worker")

    @property
    def _names(self) -> str:
        names = ", ".join(repr(script.name) for script in self._scripts)
        return f"script {names}" if len(self._scripts) == 1 else f"scripts {names}"

    def _failure(self, told: Mapping[str, Any]) -> TransformError:
        if told["script"] is not None:
            return ScriptLoadError(told["message"], told["script"], told["line"])
        return TransformError(f"the {self._names} can't go on: {told['message']}")

    def _ended(self, gone: WorkerGoneError) -> TransformError | CancelledError:
        if self._stop.is_set():
            return CancelledError("the transform was cancelled")
        if gone.returncode == MEMORY_EXIT or "MemoryError" in gone.told:
            return TransformError(
                f"the {self._names} used more than the {self._memory_mb} MB of memory allowed"
            )
        if gone.returncode is not None and gone.returncode < 0:
            how = f"was killed by signal {-gone.returncode}"
        else:
            how = f"ended with code {gone.returncode}"
        detail = f": {gone.told.splitlines()[-1]}" if gone.told else ""
        return TransformError(f"the process of the {self._names} {how}{detail}")
