"""What a notification says, apart from the form a channel gives it.

Owns the words. Refuses secrets: it is made of names, counts and the errors of this project, which
hold none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

Event = Literal["success", "failure", "dead_letter", "schema_drift", "quality_breach"]
EVENTS: tuple[Event, ...] = ("success", "failure", "dead_letter", "schema_drift", "quality_breach")


def _once_each(events: list[Event]) -> list[Event]:
    return list(dict.fromkeys(events))


Events = Annotated[list[Event], Field(min_length=1, max_length=20), AfterValidator(_once_each)]
"""Those of a link: at least one, each once."""

Severity = Literal["good", "warning", "bad"]

SEVERITIES: Mapping[str, Severity] = {
    "success": "good",
    "failure": "bad",
    "dead_letter": "warning",
    "schema_drift": "warning",
    "quality_breach": "bad",
}
LONGEST_TEXT = 1500


@dataclass(frozen=True, slots=True)
class Message:
    """A notification.

    Args:
        id: the same for every target that the event goes to.
        event: one of ``EVENTS``, or ``test``.
        title: one line.
        text: a few lines at most.
        fields: label and value, in order.
        link: where to look further, or None.
        occurred_at: RFC 3339, UTC.
    """

    id: str
    event: str
    title: str
    text: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    link: str | None = None
    pipeline_id: str | None = None
    pipeline_name: str | None = None
    run_id: str | None = None
    table: str | None = None
    occurred_at: str = ""

    @property
    def severity(self) -> Severity:
        return SEVERITIES.get(self.event, "good")

    def as_payload(self) -> dict[str, Any]:
        """A JSON object that ``from_payload`` reads."""
        return asdict(self)

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> Message:
        """The message of ``as_payload``'s object."""
        fields = tuple((label, value) for label, value in payload["fields"])
        return cls(**{**payload, "fields": fields})

    def plain(self) -> str:
        """All of it as lines of text, the title first."""
        lines = [self.title]
        if self.text:
            lines += ["", self.text]
        if self.fields:
            lines += ["", *(f"{label}: {value}" for label, value in self.fields)]
        if self.link:
            lines += ["", self.link]
        return "\n".join(lines)


def now() -> str:
    """The present moment as ``occurred_at`` holds it."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def cut(text: str, longest: int = LONGEST_TEXT) -> str:
    """The text, or its start with an ellipsis."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def sample_message(target: str) -> Message:
    """What a target is sent to see that it works."""
    return Message(
        id="test",
        event="test",
        title="Arus test notification",
        text=f"Notifications of Arus reach the target {target}.",
        occurred_at=now(),
    )
