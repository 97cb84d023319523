"""When traces are made, and what it costs when they are not."""

from __future__ import annotations

import subprocess
import sys

import pytest
import structlog.testing

from arus_dagster import tracing

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({}, False),
        (ENDPOINT, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:4318/v1/traces"}, True),
        ({**ENDPOINT, "OTEL_SDK_DISABLED": "TRUE"}, False),
        ({**ENDPOINT, "OTEL_TRACES_EXPORTER": "none"}, False),
        ({**ENDPOINT, "OTEL_TRACES_EXPORTER": "otlp"}, True),
    ],
)
def test_the_standard_variables_say_whether(environment: dict[str, str], wanted: bool) -> None:
    assert tracing.wanted(environment) is wanted


def test_a_process_without_traces_imports_nothing_of_opentelemetry() -> None:
    program = (
        "import sys; from arus_dagster import tracing; from arus_dagster.defs import executor\n"
        "tracing.start('arus-run')\n"
        "with tracing.span('table', parent=None) as span: assert span is None\n"
        "assert tracing.traceparent() is None; tracing.flush_in_child(); tracing.stop()\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env={}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_protocol_that_is_not_spoken_is_told_and_nothing_is_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in {**ENDPOINT, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}.items():
        monkeypatch.setenv(name, value)

    with structlog.testing.capture_logs() as lines:
        tracing.start("arus-run")

    with tracing.span("table") as span:
        assert span is None
    assert "grpc" in lines[0]["reason"]
