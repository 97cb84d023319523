"""Addresses that notifications may go to."""

from __future__ import annotations

import pytest

from arus_dagster.notify.failures import DeliveryFailedError
from arus_dagster.notify.network import is_local, resolve


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
    ],
)
def test_local_link_and_metadata_addresses_are_known(address: str) -> None:
    assert is_local(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "10.0.0.5", "192.168.1.10", "172.16.0.1", "2606:4700::1111", "fd12::1"]
)
def test_public_and_private_networks_may_be_reached(address: str) -> None:
    assert not is_local(address)


@pytest.mark.parametrize("host", ["nowhere.invalid", "a" * 300, "x..y"])
def test_a_name_that_does_not_resolve_is_told(host: str) -> None:
    with pytest.raises(DeliveryFailedError, match="can't be resolved"):
        resolve(host, 80, allow_local=False)
