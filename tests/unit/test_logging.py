"""The format of logs, and what they mask."""

from __future__ import annotations

import io
import json
import logging

import pytest

from arus_dagster.logging import MASK, LogFormat, configure_logging, get_logger


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_elsewhere_than_on_a_terminal_a_line_is_a_json_object() -> None:
    stream = io.StringIO()
    configure_logging("info", stream)

    get_logger("a.b").info("reloaded", version=3)
    logging.getLogger("c.d").warning("took %d s", 5)
    get_logger("a.b").debug("not shown")

    ours, foreign = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert ours["timestamp"].endswith("Z")
    assert (ours["event"], ours["version"], ours["level"], ours["logger"]) == (
        "reloaded",
        3,
        "info",
        "a.b",
    )
    assert (foreign["event"], foreign["level"], foreign["logger"]) == (
        "took 5 s",
        "warning",
        "c.d",
    )


def test_on_a_terminal_a_line_is_text() -> None:
    stream = Terminal()
    configure_logging("INFO", stream)

    get_logger("a").info("reloaded", version=3)

    assert "reloaded" in stream.getvalue()
    with pytest.raises(json.JSONDecodeError):
        json.loads(stream.getvalue())


@pytest.mark.parametrize("form", ["json", "text"])
def test_what_somebody_sent_is_no_line_of_its_own_and_no_command_of_a_terminal(
    form: LogFormat,
) -> None:
    stream = Terminal()
    configure_logging("INFO", stream, form)
    sent = "/api/x\n2026-01-01T00:00:00Z [info] login_of_admin\x1b[2J\x9b2J\r\u2028forged"

    get_logger("a").info("request", path=sent)
    logging.getLogger("other").info("GET %s", sent)

    lines = stream.getvalue().splitlines()
    ours = [line for line in lines if not line.startswith("    ")]
    assert len(ours) == 2
    for command in ("\x1b[2J", "\x9b", "\r", "\u2028"):
        assert command not in stream.getvalue()


def test_the_form_can_be_chosen() -> None:
    on_terminal, elsewhere = Terminal(), io.StringIO()

    configure_logging("INFO", on_terminal, "json")
    get_logger("a").info("reloaded", version=3)
    configure_logging("INFO", elsewhere, "text")
    get_logger("a").info("reloaded", version=3)

    assert json.loads(on_terminal.getvalue())["version"] == 3
    assert elsewhere.getvalue().endswith("version=3\n")


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()], ids=["json", "terminal"])
def test_fields_named_like_secrets_and_local_variables_are_not_shown(stream: io.StringIO) -> None:
    configure_logging("DEBUG", stream)

    get_logger("a").info("x", password="canary-1", Authorization="canary-2")
    logging.getLogger("b").info("y", extra={"token": "canary-3"})
    try:
        secret = "canary-4"
        raise ValueError(len(secret))
    except ValueError:
        get_logger("a").exception("failed")

    assert "canary" not in stream.getvalue()
    assert MASK in stream.getvalue()
    assert "ValueError: 8" in stream.getvalue()


def test_addresses_that_http_clients_call_are_not_logged() -> None:
    stream = io.StringIO()
    configure_logging("INFO", stream)

    logging.getLogger("httpx").info("HTTP Request: POST https://hooks.example/canary")

    assert stream.getvalue() == ""


def test_configuring_again_replaces_the_handler() -> None:
    first, second = io.StringIO(), io.StringIO()
    configure_logging("INFO", first)
    configure_logging("INFO", second)

    get_logger("a").info("once")

    assert first.getvalue() == ""
    assert second.getvalue().count("once") == 1


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(ValueError, match="ARUS_LOG_LEVEL"):
        configure_logging("loud")


def test_lines_of_dagsters_servers_stand_there_once() -> None:
    server = logging.getLogger("dagster")
    own = io.StringIO()
    server.addHandler(logging.StreamHandler(own))
    stream = io.StringIO()
    configure_logging("INFO", stream)
    logging.getLogger("dagster.code_server").info("Started")
    assert own.getvalue() == ""
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["Started"]
