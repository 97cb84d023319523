"""What each channel sends, as it arrives."""

from __future__ import annotations

import hashlib
import hmac
import threading
from pathlib import Path
from typing import Any

import pytest

from arus_dagster.notify import web
from arus_dagster.notify.channels import CHANNELS
from arus_dagster.notify.delivery import send_test
from arus_dagster.notify.failures import DeliveryFailedError, DeliveryRefusedError
from arus_dagster.notify.message import Message
from arus_dagster.notify.network import Deadline
from tests.certificates import Certificates
from tests.integration.notify.conftest import server_context
from tests.receivers import HttpReceiver, http_receiver, smtp_receiver

MESSAGE = Message(
    id="0b9ee0ff-6cf2-5f0d-9f4a-2f4d9d6c7f10",
    event="failure",
    title="Orders <!channel> failed",
    text="public.orders: connection refused & broken\n@everyone",
    fields=(("Table", "public.orders"), ("Run", "abc")),
    link="http://dagster.example.com/runs/abc",
    pipeline_id="1",
    pipeline_name="Orders",
    run_id="abc",
    table="public.orders",
    occurred_at="2026-01-02T03:04:05Z",
)
TOKEN = "123456:ABC-DEF_secret"


def send(
    kind: str, values: dict[str, Any], message: Message = MESSAGE, allow_local: bool = True
) -> None:
    channel = CHANNELS[kind]
    channel.send(channel.config.model_validate(values), message, allow_local=allow_local)


def test_telegram_gets_plain_text_by_the_bots_address(receiver: HttpReceiver) -> None:
    send("telegram", {"bot_token": TOKEN, "chat_id": -1234, "api_base": receiver.url + "/tg/"})
    (posted,) = receiver.received
    assert posted.path == f"/tg/bot{TOKEN}/sendMessage"
    body = posted.json
    assert body["chat_id"] == "-1234"
    assert "parse_mode" not in body
    for part in (MESSAGE.title, MESSAGE.text, "Table: public.orders", MESSAGE.link):
        assert part in body["text"]


def test_a_long_telegram_message_is_cut_to_its_limit(receiver: HttpReceiver) -> None:
    long = Message(id="1", event="failure", title="T", text="😀" * 5000)
    send("telegram", {"bot_token": TOKEN, "chat_id": "@team", "api_base": receiver.url}, long)
    text = receiver.received[0].json["text"]
    assert 3900 < len(text.encode("utf-16-le")) / 2 <= 4096


def test_telegram_says_how_long_to_wait_and_why_it_refuses(receiver: HttpReceiver) -> None:
    config = {"bot_token": TOKEN, "chat_id": "1", "api_base": receiver.url}
    receiver.answer(429, b'{"ok": false, "parameters": {"retry_after": 17}}')
    with pytest.raises(DeliveryFailedError) as waiting:
        send("telegram", config)
    assert waiting.value.retry_after == 17
    receiver.answer(400, b'{"ok": false, "description": "Bad Request: chat not found"}')
    with pytest.raises(DeliveryRefusedError, match="400: Bad Request: chat not found"):
        send("telegram", config)


def test_slack_gets_blocks_in_which_nothing_of_a_name_is_markup(receiver: HttpReceiver) -> None:
    send("slack", {"webhook_url": receiver.url + "/services/T0/B0/x"})
    (posted,) = receiver.received
    assert posted.path == "/services/T0/B0/x"
    (attachment,) = posted.json["attachments"]
    header, section, fields, context = attachment["blocks"]
    assert posted.json["text"] == "Orders &lt;!channel&gt; failed"
    assert header["text"] == {"type": "plain_text", "text": MESSAGE.title}
    assert "refused &amp; broken" in section["text"]["text"]
    assert [f["text"] for f in fields["fields"]] == ["*Table*\npublic.orders", "*Run*\nabc"]
    assert context["elements"][0]["text"] == f"<{MESSAGE.link}|Open in Dagster>"


def test_discord_gets_an_embed_that_mentions_nobody(receiver: HttpReceiver) -> None:
    receiver.answer(204)
    send("discord", {"webhook_url": receiver.url + "/api/webhooks/1/x"})
    body = receiver.received[0].json
    assert body["allowed_mentions"] == {"parse": []}
    (embed,) = body["embeds"]
    assert (embed["title"], embed["url"]) == (MESSAGE.title, MESSAGE.link)
    assert embed["description"] == MESSAGE.text
    assert embed["fields"][0] == {"name": "Table", "value": "public.orders", "inline": True}
    assert embed["timestamp"] == MESSAGE.occurred_at


def test_a_webhooks_signature_covers_timestamp_and_body(receiver: HttpReceiver) -> None:
    send("webhook", {"url": receiver.url + "/in?team=é", "secret": "s3cret"})
    (posted,) = receiver.received
    timestamp = posted.headers["X-Arus-Timestamp"]
    expected = hmac.new(
        b"s3cret", timestamp.encode() + b"." + posted.body, hashlib.sha256
    ).hexdigest()
    assert posted.headers["X-Arus-Signature"] == f"sha256={expected}"
    assert posted.headers["X-Arus-Event"] == "failure"
    assert posted.headers["X-Arus-Delivery"] == MESSAGE.id
    assert posted.headers["Content-Type"] == "application/json"
    assert posted.path == "/in?team=%C3%A9"
    assert posted.json == {
        "id": MESSAGE.id,
        "event": "failure",
        "title": MESSAGE.title,
        "text": MESSAGE.text,
        "fields": {"Table": "public.orders", "Run": "abc"},
        "link": MESSAGE.link,
        "pipeline_id": "1",
        "pipeline_name": "Orders",
        "run_id": "abc",
        "table": "public.orders",
        "occurred_at": "2026-01-02T03:04:05Z",
    }


def test_a_webhook_without_a_secret_is_not_signed(receiver: HttpReceiver) -> None:
    send("webhook", {"url": receiver.url})
    assert "X-Arus-Signature" not in receiver.received[0].headers


@pytest.mark.parametrize(
    ("status", "headers", "error", "retry_after"),
    [
        (500, {}, DeliveryFailedError, None),
        (503, {"Retry_After": "120"}, DeliveryFailedError, 120),
        (429, {"Retry_After": "999999"}, DeliveryFailedError, 3600),
        (429, {"Retry_After": "soon"}, DeliveryFailedError, None),
        (404, {}, DeliveryRefusedError, None),
        (401, {}, DeliveryRefusedError, None),
    ],
)
def test_an_answer_says_whether_trying_again_makes_sense(
    receiver: HttpReceiver,
    status: int,
    headers: dict[str, str],
    error: type[Exception],
    retry_after: int | None,
) -> None:
    receiver.answer(status, b"no\nservice", **headers)
    with pytest.raises(error, match=f"127.0.0.1 answered {status}: no service") as caught:
        send("webhook", {"url": receiver.url})
    assert getattr(caught.value, "retry_after", None) == retry_after


def test_redirects_are_not_followed(receiver: HttpReceiver) -> None:
    with http_receiver() as elsewhere:
        receiver.answer(307, Location=elsewhere.url)
        with pytest.raises(DeliveryRefusedError, match="redirects are not followed"):
            send("webhook", {"url": receiver.url})
        assert elsewhere.received == []


def test_a_server_that_never_answers_is_left_at_the_deadline(receiver: HttpReceiver) -> None:
    receiver.hold = threading.Event()
    with pytest.raises(DeliveryFailedError, match=r"127\.0\.0\.1 did not answer within 0\.3 s"):
        web.post_json(receiver.url, b"{}", allow_local=True, deadline=Deadline(0.3))


def test_a_closed_port_is_told(receiver: HttpReceiver) -> None:
    with http_receiver() as gone:
        url = gone.url
    with pytest.raises(DeliveryFailedError, match="can't be reached: Connection refused"):
        send("webhook", {"url": url})


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "0.0.0.0"])
def test_this_machine_is_not_reached_unless_the_setting_permits_it(
    receiver: HttpReceiver, host: str
) -> None:
    with pytest.raises(DeliveryRefusedError, match="notify_allow_local"):
        send("webhook", {"url": f"http://{host}:{receiver.port}/"}, allow_local=False)
    assert receiver.received == []


EMAIL = {
    "smtp_host": "127.0.0.1",
    "from_address": "arus@example.com",
    "to_addresses": ["ann@example.com", "Bob@example.org"],
}


def test_a_mail_arrives_as_plain_text_with_an_id_of_its_event() -> None:
    with smtp_receiver() as server:
        config = {**EMAIL, "smtp_port": server.port, "smtp_security": "none"}
        odd = Message.from_payload(
            {**MESSAGE.as_payload(), "title": "Örders\r\nBcc: x@y.z\nfailed"}
        )
        send("email", config, odd)
        send("email", config, odd)
    first, second = server.mails
    assert first["Subject"] == "[Arus] Örders Bcc: x@y.z failed"
    assert first["Bcc"] is None
    assert first["From"] == "arus@example.com"
    assert server.recipients[0] == EMAIL["to_addresses"]
    assert first["Message-ID"] == second["Message-ID"]
    assert "connection refused & broken" in first.get_content()
    assert MESSAGE.link in first.get_content()


@pytest.mark.filterwarnings("ignore:Requiring AUTH")  # aiosmtpd doesn't see implicit TLS
@pytest.mark.parametrize("security", ["starttls", "ssl"])
def test_a_login_goes_over_verified_tls(
    security: str,
    certificates: Certificates,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    context = server_context(certificates, tmp_path)
    where = {"starttls": context} if security == "starttls" else {"implicit_tls": context}
    (tmp_path / "ca.crt").write_text(certificates.ca)
    with smtp_receiver(login=("arus", "pä ss"), **where) as server:
        config = {
            **EMAIL,
            "smtp_host": "localhost",
            "smtp_port": server.port,
            "smtp_security": security,
            "smtp_username": "arus",
            "smtp_password": "pä ss",
        }
        with pytest.raises(DeliveryFailedError, match="certificate of localhost is not accepted"):
            send("email", config)
        assert server.logins == []
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.crt"))
        send("email", config)
        assert server.logins == [("arus", "pä ss")]
        assert len(server.mails) == 1
        with pytest.raises(DeliveryRefusedError, match="localhost answered 535"):
            send("email", {**config, "smtp_password": "wrong"})


def test_starttls_is_not_left_out_where_the_server_lacks_it() -> None:
    with smtp_receiver() as server:
        with pytest.raises(DeliveryRefusedError, match="offers no STARTTLS"):
            send("email", {**EMAIL, "smtp_port": server.port})
        assert server.mails == []


@pytest.mark.parametrize(
    ("answer", "error"),
    [("451 later please", DeliveryFailedError), ("554 no spam", DeliveryRefusedError)],
)
def test_an_smtp_servers_answer_says_whether_trying_again_makes_sense(
    answer: str, error: type[Exception]
) -> None:
    with smtp_receiver() as server:
        server.refuse = answer
        with pytest.raises(error, match=f"127.0.0.1 answered {answer[:3]}: {answer[4:]}"):
            send("email", {**EMAIL, "smtp_port": server.port, "smtp_security": "none"})


def test_a_server_that_speaks_no_smtp_is_told(receiver: HttpReceiver) -> None:
    config = {**EMAIL, "smtp_port": receiver.port, "smtp_security": "ssl"}
    with pytest.raises(DeliveryFailedError, match=r"no TLS with 127\.0\.0\.1"):
        send("email", config)


def test_a_failed_test_names_the_reason_without_the_secret(receiver: HttpReceiver) -> None:
    receiver.answer(404, f"unknown bot {TOKEN}".encode())
    channel = CHANNELS["telegram"]
    config = channel.config.model_validate(
        {"bot_token": TOKEN, "chat_id": "1", "api_base": receiver.url}
    )
    with pytest.raises(DeliveryRefusedError) as caught:
        send_test("telegram", config, "Team", allow_local=True)
    assert caught.value.message == "127.0.0.1 answered 404: unknown bot ********"
