"""Packets become rows, however the network cuts them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arus_dagster.dialects.mysql.row_stream import ProtocolError, RowStream, ServerError

END = b"\xfe\x00\x00\x22\x00"


def packets(*payloads: bytes) -> bytes:
    """The payloads as the server sends them."""
    parts = []
    for number, payload in enumerate(payloads):
        rest: bytes | None = payload
        while rest is not None:
            part, rest = rest[:0xFFFFFF], rest[0xFFFFFF:] if len(rest) >= 0xFFFFFF else None
            parts.append(len(part).to_bytes(3, "little") + bytes(((number + 1) % 256,)) + part)
    return b"".join(parts)


def counted(value: bytes | None) -> bytes:
    """A value with its length before it."""
    if value is None:
        return b"\xfb"
    size = len(value)
    if size < 251:
        return bytes((size,)) + value
    if size < 1 << 16:
        return b"\xfc" + size.to_bytes(2, "little") + value
    if size < 1 << 24:
        return b"\xfd" + size.to_bytes(3, "little") + value
    return b"\xfe" + size.to_bytes(8, "little") + value


def result(*rows: Sequence[bytes | None], end: bytes = END) -> bytes:
    columns = len(rows[0]) if rows else 1
    described = [b"a description"] * columns
    return packets(
        bytes((columns,)), *described, END, *(b"".join(map(counted, row)) for row in rows), end
    )


class Network:
    """Hands out what was received, in pieces of given sizes."""

    def __init__(self, data: bytes, sizes: Sequence[int] = ()) -> None:
        self.data = data
        self.sizes = list(sizes)
        self.sent = b""

    def send(self, data: bytes) -> None:
        self.sent += data

    def receive(self, most: int) -> bytes:
        size = min(most, self.sizes.pop(0) if self.sizes else most)
        piece, self.data = self.data[:size], self.data[size:]
        return piece


def join(values: Sequence[bytes | None]) -> bytes:
    return b"|".join(b"NULL" if value is None else value for value in values)


def read(network: Network, chunk_bytes: int = 1000) -> list[list[bytes]]:
    return list(RowStream(network.send, network.receive, join).lines("SELECT é", chunk_bytes))


VALUE = st.one_of(
    st.binary(max_size=5),
    st.sampled_from([250, 251, 252, 1000, 65535, 65536]).map(lambda size: b"x" * size),
)


@given(st.lists(VALUE, max_size=8), st.lists(st.integers(1, 300), max_size=40))
def test_any_rows_in_any_pieces(values: list[bytes], sizes: list[int]) -> None:
    network = Network(result(*([value] for value in values)), sizes)
    assert [line for lines in read(network) for line in lines] == values
    assert network.sent == b"\x0a\x00\x00\x00\x03SELECT \xc3\xa9"


def test_rows_come_in_lists_of_about_the_size_asked_for() -> None:
    rows = [[b"x" * 100]] * 1000
    lists = read(Network(result(*rows), [5000] * 100), chunk_bytes=10_000)
    assert sum(map(len, lists)) == 1000
    assert all(len(lines) <= 160 for lines in lists) and len(lists) > 5


def test_a_row_without_a_line_is_joined() -> None:
    data = result([b"line", None, None], [None, b"a", None], [None, None, b""])
    assert read(Network(data)) == [[b"line", b"a|NULL", b"NULL|"]]


@pytest.mark.parametrize("size", [0xFFFFFF - 5, 0xFFFFFF - 4, 0xFFFFFF - 3, 0xFFFFFF, 0x1000000])
def test_a_row_of_several_packets(size: int) -> None:
    data = result([b"y" * size], [b"after"])
    assert [len(line) for lines in read(Network(data)) for line in lines] == [size, 5]


def test_no_rows() -> None:
    assert read(Network(packets(b"\x01", b"a description", END, END))) == []


ERROR = b"\xff\x28\x04#42000You have an error"


@pytest.mark.parametrize("before", [[], [[b"a row"]]])
def test_the_servers_error_is_told(before: list[list[bytes]]) -> None:
    data = result(*before, end=ERROR) if before else packets(ERROR)
    network = Network(data)
    stream = RowStream(network.send, network.receive, join)
    with pytest.raises(ServerError) as raised:
        list(stream.lines("SELECT 1", 1000))
    assert (raised.value.code, raised.value.message) == (1064, "You have an error")
    assert stream.finished  # the connection can go on


@pytest.mark.parametrize("cut", [0, 3, 5, 20, -1])
def test_an_end_in_the_middle_is_no_end(cut: int) -> None:
    data = result([b"a row"], [b"another"])
    network = Network(data[:cut])
    stream = RowStream(network.send, network.receive, join)
    with pytest.raises(ProtocolError, match="middle"):
        list(stream.lines("SELECT 1", 1000))
    assert not stream.finished


def test_a_statement_without_rows_is_refused() -> None:
    with pytest.raises(ProtocolError, match="other than rows"):
        read(Network(packets(b"\x00\x00\x00\x02\x00\x00\x00")))


def test_a_long_statement_goes_out_in_several_packets() -> None:
    network = Network(result([b"x"]))
    sql = "S" * 0xFFFFFF
    list(RowStream(network.send, network.receive, join).lines(sql, 1000))
    assert network.sent[:4] == b"\xff\xff\xff\x00"
    assert network.sent[4 + 0xFFFFFF :] == b"\x01\x00\x00\x01S"
