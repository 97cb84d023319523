"""E-mail, by SMTP."""

from __future__ import annotations

import base64
import smtplib
import socket
import uuid
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from arus_dagster.notify.config import ChannelConfig, Secret
from arus_dagster.notify.failures import DeliveryFailedError, DeliveryRefusedError
from arus_dagster.notify.message import Message, cut
from arus_dagster.notify.network import Deadline, connect, secure

_IDS = uuid.UUID("7b1f2a52-6f0e-4a33-9d0f-6d1f3c1f7d11")  # names the space of our message ids
_LONGEST_SUBJECT = 200


def _address(text: str) -> str:
    try:
        address = Address(addr_spec=text.strip())
    except (ValueError, IndexError, AttributeError, MessageError):
        # The parser's own errors are no ValueErrors, and some texts it trips over.
        raise ValueError("must be an e-mail address") from None
    if not address.username or "." not in f"{address.domain}." or not address.domain:
        raise ValueError("must be an e-mail address")
    return address.addr_spec


MailAddress = Annotated[
    str, StringConstraints(min_length=3, max_length=320), AfterValidator(_address)
]


class EmailConfig(ChannelConfig):
    """An SMTP server and who writes to whom."""

    reached_by: ClassVar[frozenset[str]] = frozenset({"smtp_host", "smtp_port", "smtp_security"})

    smtp_host: Annotated[
        str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9._:-]{1,255}$")
    ]
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_security: Literal["starttls", "ssl", "none"] = Field(
        default="starttls", description="`starttls` is never left out where the server lacks it."
    )
    smtp_username: Annotated[str, StringConstraints(min_length=1, max_length=320)] | None = None
    smtp_password: Annotated[Secret, Field(min_length=1, max_length=1024)] | None = None
    from_address: MailAddress
    to_addresses: Annotated[list[MailAddress], Field(min_length=1, max_length=50)]

    @model_validator(mode="after")
    def _check_login(self) -> Self:
        if (self.smtp_username is None) != (self.smtp_password is None):
            raise ValueError("smtp_username and smtp_password go together")
        if self.smtp_password is not None and self.smtp_security == "none":
            raise ValueError("a password is not sent in the clear: use starttls or ssl")
        return self


def destination(config: EmailConfig) -> str:
    return ", ".join(config.to_addresses)


class _Client(smtplib.SMTP):
    """``smtplib``'s client on a connection of ours."""

    def __init__(self, connection: socket.socket, host: str) -> None:
        super().__init__(local_hostname=socket.gethostname())
        self._host = host  # what ``starttls`` verifies the certificate against
        self.sock = connection
        self.file = None
        code, answer = self.getreply()
        if code != 220:
            raise smtplib.SMTPConnectError(code, answer)


def mail_of(config: EmailConfig, message: Message) -> EmailMessage:
    """The message as a mail; its id is the same whenever the event is tried again."""
    mail = EmailMessage()
    # A header holds one line; a name may hold several.
    mail["Subject"] = cut(" ".join(f"[Arus] {message.title}".split()), _LONGEST_SUBJECT)
    mail["From"] = config.from_address
    mail["To"] = ", ".join(config.to_addresses)
    mail["Date"] = format_datetime(datetime.fromisoformat(message.occurred_at))
    domain = config.from_address.rpartition("@")[2]
    mail["Message-ID"] = f"<{uuid.uuid5(_IDS, message.id)}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.plain())
    return mail


def send(config: EmailConfig, message: Message, *, allow_local: bool) -> None:
    """Raises DeliveryFailedError or DeliveryRefusedError."""
    mail = mail_of(config, message)
    host = config.smtp_host
    with Deadline() as deadline:
        connection = connect(host, config.smtp_port, deadline, allow_local=allow_local)
        try:
            _transmit(config, mail, connection, deadline)
        except smtplib.SMTPRecipientsRefused as error:
            code, said = next(iter(error.recipients.values()))
            raise _failure(host, code, said) from None
        except smtplib.SMTPResponseException as error:
            raise _failure(host, error.smtp_code, error.smtp_error) from None
        except smtplib.SMTPNotSupportedError as error:
            raise DeliveryRefusedError(f"{host}: {error}") from None
        except (OSError, ValueError) as error:  # SMTPException is an OSError
            if deadline.expired or isinstance(error, TimeoutError):
                raise DeliveryFailedError(
                    f"{host} did not answer within {deadline.seconds:g} s"
                ) from None
            raise DeliveryFailedError(f"{host} broke off: {type(error).__name__}") from None


def _transmit(
    config: EmailConfig, mail: EmailMessage, connection: socket.socket, deadline: Deadline
) -> None:
    if config.smtp_security == "ssl":
        connection = secure(connection, config.smtp_host, deadline)
    client = _Client(connection, config.smtp_host)
    if config.smtp_security == "starttls":
        client.ehlo()
        if not client.has_extn("starttls"):
            raise DeliveryRefusedError(f"{config.smtp_host} offers no STARTTLS")
        code, said = client.docmd("STARTTLS")
        if code != 220:
            raise smtplib.SMTPResponseException(code, said)
        client.sock = secure(connection, config.smtp_host, deadline)
        client.file = None
        client.ehlo_resp = None
        client.esmtp_features = {}
        client.does_esmtp = False
    if config.smtp_username is not None and config.smtp_password is not None:
        client.ehlo_or_helo_if_needed()
        _log_in(client, config.smtp_username, config.smtp_password.get_secret_value())
    refused = client.send_message(mail)
    client.docmd("QUIT")
    if refused:
        # The others have it: trying again would send them a second one.
        raise DeliveryRefusedError(
            f"{config.smtp_host} refused {len(refused)} of {len(config.to_addresses)} recipients"
        )


def _log_in(client: _Client, username: str, password: str) -> None:
    # Not ``client.login``, which takes ASCII alone.
    def encoded(text: str) -> str:
        return base64.b64encode(text.encode()).decode()

    offered = client.esmtp_features.get("auth", "").upper().split()
    if "PLAIN" in offered:
        steps = [f"AUTH PLAIN {encoded(f'{chr(0)}{username}{chr(0)}{password}')}"]
    elif "LOGIN" in offered:
        steps = ["AUTH LOGIN", encoded(username), encoded(password)]
    else:
        raise DeliveryRefusedError("The mail server offers no way to log in that is known here")
    for step in steps:
        code, said = client.docmd(step)
        if code not in (235, 334, 503):  # in, go on, in already
            raise smtplib.SMTPResponseException(code, said)


def _failure(host: str, code: int, said: bytes | str) -> DeliveryFailedError | DeliveryRefusedError:
    words = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    message = f"{host} answered {code}: {' '.join(words.split())[:200]}"
    if 400 <= code < 500:
        return DeliveryFailedError(message)
    return DeliveryRefusedError(message)
