"""What the servers' error numbers mean for a retry."""

from __future__ import annotations

import pytest

from arus_dagster.dialects.base import ConnectionSpec
from arus_dagster.dialects.mysql.driver_errors import server_error
from arus_dagster.errors import (
    ConnectionFailedError,
    CredentialsError,
    FatalError,
    RetriableError,
)

SPEC = ConnectionSpec("mysql", "db", 3306, "shop", "reader", "hunter2")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (1045, CredentialsError),
        (1049, CredentialsError),
        (1142, CredentialsError),
        (3159, CredentialsError),
        (1040, ConnectionFailedError),
        (2013, ConnectionFailedError),
        (1927, ConnectionFailedError),
        (1213, RetriableError),
        (1412, RetriableError),
        (3024, RetriableError),
        (1146, FatalError),
        (1064, FatalError),
        (0, FatalError),
    ],
)
def test_a_number(code: int, kind: type[Exception]) -> None:
    assert type(server_error(code, "reason", SPEC)) is kind


def test_the_password_is_taken_out() -> None:
    error = server_error(1064, "near 'hunter2' at line 1", SPEC)
    assert str(error) == "near '********' at line 1"


def test_an_empty_message_is_no_message() -> None:
    assert str(server_error(1234, " ", SPEC)) == "error 1234"
