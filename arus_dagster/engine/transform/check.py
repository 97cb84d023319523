"""Is a script fit to be saved?

Owns the check a script passes before it is stored: it compiles, its top level runs, it defines
``transform`` with one argument, and a dry run ends. Errors that a dry run raises are the sample's,
not the script's.
"""

from __future__ import annotations

from arus_dagster.engine.specs import Script
from arus_dagster.engine.transform.process import ScriptLoadError, TransformProcess
from arus_dagster.errors import InvalidInputError, TransformError

CHECK_SECONDS = 10.0
CHECK_MEMORY_MB = 256


def check_script(content: str, *, seconds: float = CHECK_SECONDS) -> None:
    """Load a script and run it once, in the same isolation as in a sync.

    Args:
        seconds: limit for loading and the dry run together.

    Raises:
        InvalidInputError: it can't be used; the message names the line and the reason.
    """
    script = Script(name="script", content=content)
    try:
        with TransformProcess(
            [script],
            [],
            on_print=lambda line: None,
            memory_mb=CHECK_MEMORY_MB,
            seconds_to_load=seconds,
            dry_run=True,
        ):
            pass
    except ScriptLoadError as error:
        place = f"line {error.line}: " if error.line is not None else ""
        raise InvalidInputError(place + error.reason, field="content") from None
    except TransformError as error:
        raise InvalidInputError(error.message, field="content") from None
