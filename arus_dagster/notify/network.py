"""Connections to channels: resolved once, checked, and ended at a deadline.

Owns which addresses may be reached: an address a user typed must not let them talk to this
machine itself, its neighbours on the link, or a cloud's metadata service. The address that was
checked is the one connected to, so that a name can't resolve to another one in between. Refuses
proxies of the environment, which would reach what is refused here.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import ssl
import threading
import time
from types import TracebackType
from typing import Self

from arus_dagster.notify.failures import DeliveryFailedError, DeliveryRefusedError

SEND_SECONDS = 15.0

# Metadata services of clouds that are not link-local.
_METADATA = frozenset(
    map(ipaddress.ip_address, ("fd00:ec2::254", "100.100.100.200", "192.0.0.192"))
)
# Networks of IPv6 whose last 32 bits are an address of IPv4: translators' (NAT64, SIIT), and the
# early form without a prefix, whose ``::`` and ``::1`` are addresses of their own.
_EMBEDDING = tuple(
    map(
        ipaddress.IPv6Network,
        ("64:ff9b::/96", "64:ff9b:1::/48", "::ffff:0:0:0/96", "::/96"),
    )
)


def is_local(address: str) -> bool:
    """Whether an IP address is this machine, its link, or a metadata service."""
    ip = ipaddress.ip_address(address.split("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is None and any(ip in network for network in _EMBEDDING) and int(ip) > 1:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_local(str(inner))
    return (
        ip.is_loopback
        or ip.is_link_local
        or ip.is_multicast
        or ip.is_unspecified
        or ip in ipaddress.ip_network("0.0.0.0/8")
        or ip in ipaddress.ip_network("240.0.0.0/4")
        or ip in _METADATA
    )


def is_own(address: str) -> bool:
    """Whether an interface of this machine has the address: no other can be bound to."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True


class Deadline:
    """A limit for everything that happens on a connection: at its end the socket is shut, so that
    a peer that sends a byte now and then can't hold a thread.

    Args:
        seconds: from entering the context.
    """

    def __init__(self, seconds: float = SEND_SECONDS) -> None:
        self.seconds = seconds
        self.expired = False
        self._end = 0.0
        self._socket: socket.socket | None = None
        self._timer = threading.Timer(seconds, self._shut)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._end = time.monotonic() + self.seconds
        self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        if self._socket is not None:
            self._socket.close()

    @property
    def remaining(self) -> float:
        """Seconds left, a little more than zero at the end."""
        return max(self._end - time.monotonic(), 0.01)

    def watch(self, connection: socket.socket) -> None:
        """Hold this socket to the deadline, and close it when the context ends."""
        self._socket = connection
        if self.expired:
            self._shut()

    def _shut(self) -> None:
        self.expired = True
        if self._socket is not None:
            # The base class's method: that of a TLS socket would take its state away under the
            # thread that reads.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


def resolve(host: str, port: int, *, allow_local: bool) -> list[str]:
    """The addresses of a host, in the order to try.

    Raises:
        DeliveryFailedError: the name does not resolve.
        DeliveryRefusedError: one of them may not be reached.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "not a host name"
        raise DeliveryFailedError(f"{host} can't be resolved: {reason}") from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not allow_local and any(is_local(a) or is_own(a) for a in addresses):
        raise DeliveryRefusedError(
            f"{host} is this machine, a link-local or a metadata address; "
            "the setting notify_allow_local permits such addresses"
        )
    return addresses


def connect(host: str, port: int, deadline: Deadline, *, allow_local: bool) -> socket.socket:
    """A TCP connection that the deadline watches.

    Raises:
        DeliveryFailedError: no address answers.
        DeliveryRefusedError: see ``resolve``.
    """
    reason = "no address"
    for address in resolve(host, port, allow_local=allow_local):
        try:
            connection = socket.create_connection((address, port), deadline.remaining)
        except OSError as error:
            reason = "no answer" if isinstance(error, TimeoutError) else error.strerror or "failed"
            continue
        deadline.watch(connection)
        return connection
    raise DeliveryFailedError(f"{host}:{port} can't be reached: {reason}")


def secure(connection: socket.socket, host: str, deadline: Deadline) -> ssl.SSLSocket:
    """TLS on a connection, with the host's certificate verified by the system's authorities (or
    those of the ``SSL_CERT_FILE`` environment variable).

    Raises:
        DeliveryFailedError: no TLS, or a certificate that does not fit.
    """
    context = ssl.create_default_context()
    try:
        secured = context.wrap_socket(connection, server_hostname=host)
    except ssl.SSLCertVerificationError as error:
        raise DeliveryFailedError(
            f"the certificate of {host} is not accepted: {error.verify_message}"
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None)
        raise DeliveryFailedError(f"no TLS with {host}: {reason or 'closed'}") from None
    deadline.watch(secured)
    return secured
