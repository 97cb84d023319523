"""Addresses that notifications may go to."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from arus_dagster.notify.failures import DeliveryFailedError, DeliveryRefusedError
from arus_dagster.notify.network import Deadline, connect, is_local, resolve


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "0.1.2.3",
        "169.254.169.254",
        "100.100.100.200",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "2002:7f00:1::",
        "64:ff9b::7f00:1",
        "64:ff9b:1::7f00:1",
        "::ffff:0:127.0.0.1",
        "::127.0.0.1",
        "::a9fe:a9fe",
    ],
)
def test_local_link_and_metadata_addresses_are_known(address: str) -> None:
    assert is_local(address)


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "10.0.0.5",
        "192.168.1.10",
        "172.16.0.1",
        "2606:4700::1111",
        "fd12::1",
        "64:ff9b::808:808",
    ],
)
def test_public_and_private_networks_may_be_reached(address: str) -> None:
    assert not is_local(address)


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0",
        "::1",
        "::ffff:169.254.169.254",
        "2852039166",
    ],
)
def test_no_spelling_of_a_local_address_passes(host: str) -> None:
    with pytest.raises(DeliveryRefusedError, match="notify_allow_local"):
        resolve(host, 80, allow_local=False)
    assert resolve("127.1", 80, allow_local=True) == ["127.0.0.1"]


def test_this_machine_is_known_by_the_addresses_of_its_interfaces_too() -> None:
    """What listens on all of them would else be reached as a neighbour is."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("203.0.113.7", 9))  # sends nothing
        except OSError:
            pytest.skip("this machine has no network but itself")
        own = probe.getsockname()[0]
    assert not is_local(own)
    with pytest.raises(DeliveryRefusedError, match="this machine"):
        resolve(own, 80, allow_local=False)
    assert resolve(own, 80, allow_local=True) == [own]


def test_the_address_that_was_checked_is_the_one_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name that resolves to another address the second time is asked for once."""
    asked: list[str] = []

    def resolver(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        address = "203.0.113.7" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    called: list[str] = []

    def connector(address: tuple[str, int], timeout: float) -> socket.socket:
        called.append(address[0])
        raise ConnectionRefusedError(111, "refused")

    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    monkeypatch.setattr(socket, "create_connection", connector)

    with Deadline(5) as deadline, pytest.raises(DeliveryFailedError):
        connect("rebinding.example.com", 80, deadline, allow_local=False)

    assert asked == ["rebinding.example.com"]
    assert called == ["203.0.113.7"]


def test_one_local_address_among_several_refuses_them_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def resolver(host: str, port: int, **_: Any) -> list[Any]:
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in ("203.0.113.7", "169.254.169.254")
        ]

    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    with pytest.raises(DeliveryRefusedError):
        resolve("mixed.example.com", 80, allow_local=False)


@pytest.mark.parametrize("host", ["nowhere.invalid", "a" * 300, "x..y"])
def test_a_name_that_does_not_resolve_is_told(host: str) -> None:
    with pytest.raises(DeliveryFailedError, match="can't be resolved"):
        resolve(host, 80, allow_local=False)
