"""What all channels' configurations share.

Owns which fields are secret (those typed ``SecretStr``), how they are masked, stored and kept over
an update.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, Any, ClassVar, Self, get_args

from pydantic import (
    AfterValidator,
    AnyHttpUrl,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    TypeAdapter,
    ValidationError,
)
from pydantic_core import PydanticCustomError

from arus_dagster.notify.failures import MASK

_URL = TypeAdapter(AnyHttpUrl)
_LONGEST_URL = 2000


def checked_url(text: str) -> str:
    """An ``http`` or ``https`` address in its normal form.

    Raises:
        ValueError: it is none; the message does not repeat it.
    """
    try:
        url = _URL.validate_python(text.strip())
    except ValidationError:
        raise ValueError("must be an http or https address") from None
    if url.username or url.password:
        raise ValueError("must not hold a user name or password")
    if len(str(url)) > _LONGEST_URL:
        raise ValueError(f"must not be longer than {_LONGEST_URL} characters")
    return str(url)


def _checked_secret_url(secret: SecretStr) -> SecretStr:
    return SecretStr(checked_url(secret.get_secret_value()))


def _no_mask(secret: SecretStr) -> SecretStr:
    if secret.get_secret_value() == MASK:
        raise ValueError("is the mask that stands for a stored secret, not a secret")
    return secret


Secret = Annotated[SecretStr, AfterValidator(_no_mask)]
SecretUrl = Annotated[
    SecretStr, AfterValidator(_checked_secret_url), Field(json_schema_extra={"format": "uri"})
]
"""An address that is a secret itself, as a webhook's is."""
Url = Annotated[str, AfterValidator(checked_url), Field(json_schema_extra={"format": "uri"})]


class ChannelConfig(BaseModel):
    """A channel's configuration; unknown fields are refused."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, validate_default=True
    )

    # Fields that say to whom the secrets go: with another one the secrets are entered again.
    reached_by: ClassVar[frozenset[str]] = frozenset()

    def plain(self) -> dict[str, Any]:
        """All that is set, secrets in the clear: to be encrypted, never to be shown."""
        values = self.model_dump(exclude_none=True)
        return {
            name: value.get_secret_value() if isinstance(value, SecretStr) else value
            for name, value in values.items()
        }

    def masked(self) -> dict[str, Any]:
        """All that is set, secrets as a mask."""
        values = self.model_dump(exclude_none=True)
        return {
            name: MASK if isinstance(value, SecretStr) else value for name, value in values.items()
        }

    def secrets(self) -> list[str]:
        """The secrets in the clear, so that they can be taken out of a text."""
        values = (getattr(self, name) for name in type(self).model_fields)
        return [value.get_secret_value() for value in values if isinstance(value, SecretStr)]

    @classmethod
    def secret_fields(cls) -> frozenset[str]:
        """The names of the fields that hold secrets, set or not."""
        return frozenset(n for n, f in cls.model_fields.items() if _holds_secret(f.annotation))

    @classmethod
    def changed(cls, stored: Mapping[str, Any], changes: Mapping[str, Any]) -> Self:
        """A stored configuration with some fields replaced; null forgets a field, a mask keeps it.

        Raises:
            pydantic.ValidationError: the outcome is not acceptable, or a stored secret would go
                to somebody else than it was entered for.
        """
        kept = {name for name, value in changes.items() if value == MASK and name in stored}
        given = {k: v for k, v in changes.items() if k not in kept}
        merged = {**stored, **given}
        outcome = cls.model_validate({k: v for k, v in merged.items() if v is not None})
        if stored and (again := outcome._secrets_of(stored, given.keys())):
            raise ValidationError.from_exception_data(cls.__name__, again)
        return outcome

    def _secrets_of(self, stored: Mapping[str, Any], given: Collection[str]) -> list[Any]:
        """The faults of secrets that were kept although what they are sent to is another."""
        plain, defaults = self.plain(), type(self).model_fields
        moved = sorted(
            name
            for name in self.reached_by
            if plain.get(name) != stored.get(name, defaults[name].default)
        )
        kept = [
            name
            for name in defaults
            if isinstance(getattr(self, name), SecretStr)
            and name not in given
            and name not in self.reached_by
        ]
        fault = PydanticCustomError(
            "secret_again",
            "must be entered again with another {moved}",
            {"moved": ", ".join(moved)},
        )
        return [{"type": fault, "loc": (name,), "input": None} for name in kept if moved]


def _holds_secret(annotation: object) -> bool:
    return annotation is SecretStr or any(_holds_secret(part) for part in get_args(annotation))
