"""Slowing down the guessing of passwords.

Owns the limits of failed logins by account and by address; the catalog counts, so that the limits
hold for all API processes together and over restarts. Refuses to lock anybody out for longer than
the window, since a lock could be used against its owner.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import math
from datetime import timedelta

from arus_api.errors import TooManyRequestsError
from arus_dagster.catalog.repositories import login_failures
from arus_dagster.catalog.session import Catalog

WINDOW_SECONDS = 300
ACCOUNT_LIMIT = 10
ADDRESS_LIMIT = 50
# Whoever has one IPv6 address has, as a rule, all that begin with the same 64 bits.
_IPV6_PREFIX = 64


class LoginThrottle:
    """Failures within a sliding window.

    Args:
        catalog: for short transactions; not the one whose sessions requests hold open.
        window_seconds: how long a failure counts.
    """

    def __init__(self, catalog: Catalog, window_seconds: float = WINDOW_SECONDS) -> None:
        self._catalog = catalog
        self._window = timedelta(seconds=window_seconds)

    def attempt(self, secret: str, account: str, address: str) -> None:
        """Count an attempt as failed until ``succeeded`` takes it back.

        It is counted before the password is looked at: guesses sent at the same moment would
        otherwise all pass.

        Args:
            secret: keys the digests under which failures are counted.

        Raises:
            TooManyRequestsError: too many failures of the account or from the address.
        """
        limits = {
            _key(secret, "account", account): ACCOUNT_LIMIT,
            _key(secret, "address", network_of(address)): ADDRESS_LIMIT,
        }
        with self._catalog.session() as session:
            wait = login_failures.begin(session, limits, self._window)
        if wait is not None:
            raise TooManyRequestsError(
                "Too many failed logins: try again later", math.floor(wait) + 1
            )

    def succeeded(self, secret: str, account: str, address: str) -> None:
        """Forget the account's failures, and this attempt of the address."""
        with self._catalog.session() as session:
            login_failures.forget(session, _key(secret, "account", account))
            login_failures.take_back(session, _key(secret, "address", network_of(address)))


def network_of(address: str) -> str:
    """What counts as one address: an IPv4 address, or the network of an IPv6 one."""
    try:
        ip = ipaddress.ip_address(address.split("%")[0])
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((ip, _IPV6_PREFIX), strict=False))
    return str(ip)


def _key(secret: str, kind: str, value: str) -> str:
    return hmac.new(secret.encode(), f"{kind}:{value}".encode(), hashlib.sha256).hexdigest()
