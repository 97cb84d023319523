"""One trace from a request to the tables of its run, as a collector of OpenTelemetry gets it."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from arus_dagster import names, tracing
from tests.api.platform import Platform
from tests.dagster_stack import wait_for
from tests.receivers import HttpReceiver, http_receiver
from tests.servers import PASSWORD

PHASES = {"prepare", "extract", "load", "checks", "commit"}


@pytest.fixture
def api_traces(monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpReceiver]:
    """What this process, with the API in it, sends."""
    with http_receiver() as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
        tracing.start("arus-api")
        yield receiver
        tracing.stop()


def _spans(receiver: HttpReceiver) -> list[Span]:
    return [
        span
        for posted in receiver.received
        for resource in ExportTraceServiceRequest.FromString(posted.body).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def _facts(span: Span) -> dict[str, str | int]:
    return {
        a.key: a.value.string_value if a.value.HasField("string_value") else a.value.int_value
        for a in span.attributes
    }


def test_a_trace_leads_from_the_request_to_the_phases_of_each_table(
    platform: Platform, api_traces: HttpReceiver
) -> None:
    canary = f"canary-{uuid.uuid4().hex}"
    tables = [
        "customers",
        {"name": "orders", "schema": "public", "row_filter": f"'{canary}' <> ''"},
    ]
    made = platform.make(*tables, parallel_tables=2)
    caller = f"00-{uuid.uuid4().hex}-{uuid.uuid4().hex[:16]}-01"

    started = platform.ok(
        "POST", f"/api/pipelines/{made['id']}/trigger", headers={"traceparent": caller}
    )
    run = platform.stack.wait_for_run(started["run_id"])
    tracing.stop()

    trace = bytes.fromhex(caller.split("-")[1])
    own = {span.name: span for span in _spans(api_traces) if span.trace_id == trace}
    request = own["POST /api/pipelines/{id}/trigger"]
    assert request.parent_span_id.hex() == caller.split("-")[2]
    assert request.kind == Span.SPAN_KIND_SERVER
    assert _facts(request)["http.response.status_code"] == 200
    launch = own["Dagster launch_run"]
    assert (launch.parent_span_id, launch.kind) == (request.span_id, Span.SPAN_KIND_CLIENT)

    collector = platform.stack.traces
    assert collector is not None

    def arrived() -> list[Span] | None:
        spans = [span for span in _spans(collector) if span.trace_id == trace]
        return spans if any(span.name.startswith("run ") for span in spans) else None

    spans = wait_for(arrived, "the run's spans")
    (whole,) = [span for span in spans if span.name.startswith("run ")]
    assert whole.parent_span_id == request.span_id
    assert whole.status.code == Status.STATUS_CODE_UNSET
    assert _facts(whole)["arus.run_id"] == run.id
    assert whole.span_id.hex() in run.tags[names.TRACEPARENT]
    synced = {s.name: s for s in spans if s.name.startswith("table ")}
    assert set(synced) == {"table public.customers", "table public.orders"}
    for table in synced.values():
        assert table.parent_span_id == whole.span_id
        within = [span.name for span in spans if span.parent_span_id == table.span_id]
        assert Counter(within) == Counter(PHASES)
    assert _facts(synced["table public.orders"])["arus.rows_loaded"] == 10
    sent = b"".join(posted.body for posted in [*collector.received, *api_traces.received])
    for secret in (canary, PASSWORD, platform.shop.name, platform.warehouse.name):
        assert secret.encode() not in sent


def test_a_failed_tables_span_names_the_kind_of_error_and_nothing_that_it_quotes(
    platform: Platform,
) -> None:
    platform.shop.execute(
        "CREATE VIEW quoting AS SELECT 1 AS id, ('canary-' || 'value')::int AS number"
    )
    platform.ok("POST", f"/api/sources/{platform.source['id']}/discover")
    made = platform.make("quoting", max_retries=0)

    run = platform.run(made, "trigger")

    collector = platform.stack.traces
    assert collector is not None

    def arrived() -> dict[str, Span] | None:
        found = {s.name: s for s in _spans(collector) if _facts(s).get("arus.run_id") == run.id}
        return found if any(name.startswith("run ") for name in found) else None

    spans = wait_for(arrived, "the run's spans")
    assert len(spans) == 2
    for span in spans.values():
        assert span.status.code == Status.STATUS_CODE_ERROR
        assert not span.events
    assert spans["table public.quoting"].status.message.endswith("Error")
    assert b"canary-value" not in b"".join(posted.body for posted in collector.received)
