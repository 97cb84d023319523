"""Traces of requests and runs by OpenTelemetry, where the environment names a collector.

On where the standard ``OTEL_EXPORTER_OTLP_ENDPOINT`` or ``OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`` is
set, unless ``OTEL_SDK_DISABLED`` is ``true`` or ``OTEL_TRACES_EXPORTER`` is not ``otlp``; the other
standard variables hold too. Off, nothing of OpenTelemetry is imported.

Owns the provider, which is not made the process's global one. Refuses messages of errors, since
they may quote values: a failed span says the error's class.

See https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Literal

from arus_dagster.logging import get_logger

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

log = get_logger(__name__)

Kind = Literal["internal", "server", "client"]
TRACEPARENT = "traceparent"  # https://www.w3.org/TR/trace-context/
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_FLUSH_MILLISECONDS = 5_000
_provider: TracerProvider | None = None


def wanted(environment: Mapping[str, str]) -> bool:
    """Whether an environment asks for traces."""
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    if environment.get("OTEL_TRACES_EXPORTER", "").strip() not in ("", "otlp"):
        return False
    return any(environment.get(name) for name in _ENDPOINTS)


def start(service: str) -> None:
    """Begin to send this process's spans, if that is wanted and was not begun.

    Args:
        service: the ``service.name``, unless ``OTEL_SERVICE_NAME`` says another.
    """
    global _provider
    if _provider is not None or not wanted(os.environ):
        return
    protocol = next(filter(None, map(os.environ.get, _PROTOCOLS)), "http/protobuf")
    if protocol != "http/protobuf":
        log.warning("traces_not_sent", reason=f"only http/protobuf is spoken, not {protocol}")
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create()
    if str(resource.attributes["service.name"]).startswith("unknown_service"):
        resource = resource.merge(Resource({"service.name": service}))
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    _provider = provider


def fail(opened: Span | None, reason: str) -> None:
    """Have a span say that what it stands for has failed, though no exception passes it."""
    if opened is not None:
        from opentelemetry.trace import Status, StatusCode

        opened.set_status(Status(StatusCode.ERROR, reason))


def stop() -> None:
    """Send what is left, and end."""
    global _provider
    if _provider is not None:
        _provider.shutdown()
        _provider = None


@contextlib.contextmanager
def span(
    name: str, *, parent: str | None = None, kind: Kind = "internal", **attributes: str | int
) -> Iterator[Span | None]:
    """The time of a block of code, within the span that is open in this thread.

    Args:
        parent: a ``traceparent`` to be within instead.
        attributes: plain facts, with ``__`` for a dot; no secrets and no values of rows.

    Yields:
        the span, to be given what is known at its end; None where nothing is traced.
    """
    if _provider is None:
        yield None
        return
    from opentelemetry.trace import SpanKind
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    context = TraceContextTextMapPropagator().extract({TRACEPARENT: parent}) if parent else None
    with _provider.get_tracer("arus").start_as_current_span(
        name,
        context=context,
        kind=SpanKind[kind.upper()],
        attributes={key.replace("__", "."): value for key, value in attributes.items()},
        record_exception=False,
        set_status_on_exception=False,
    ) as opened:
        try:
            yield opened
        except BaseException as error:
            fail(opened, type(error).__name__)
            raise


def traceparent() -> str | None:
    """The open span, for whoever goes on elsewhere; None where nothing is traced."""
    if _provider is None:
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier.get(TRACEPARENT)


def flush_in_child() -> None:
    """Send what was ended, in a process that multiprocessing ends without its exit handlers."""
    if _provider is not None and multiprocessing.parent_process() is not None:
        _provider.force_flush(_FLUSH_MILLISECONDS)
