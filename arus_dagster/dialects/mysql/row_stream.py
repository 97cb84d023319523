"""The rows of one query, read straight from the socket.

Owns the few lines of the client/server protocol that a result needs: a query goes out, packets
come in. A driver that builds an object for every packet and every value costs three times the
processor time, which a server and a warehouse on the same cores could use. Refuses everything
but a plain text result of a connection that is logged in.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence

_QUERY = b"\x03"
_HEADER = struct.Struct("<IBH")  # a packet's, and the first value's length
_MORE_FOLLOWS = 0xFFFFFF  # a packet of this length goes on in the next one
_RECEIVE_BYTES = 1 << 18
_NULL, _TWO, _THREE, _EIGHT, _ERROR = 0xFB, 0xFC, 0xFD, 0xFE, 0xFF
_END_BELOW = 9  # an end packet starts like an eight-byte length, but is shorter


class ServerError(Exception):
    """The server answered with an error.

    Args:
        code: its number.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class ProtocolError(Exception):
    """What came is no result of a query, or the connection ended in the middle of it."""


class RowStream:
    """One query and its result.

    Args:
        send: sends all of some bytes.
        receive: up to so many bytes as they arrive; none when the connection has ended.
        join: the line of a row whose first column is NULL, from its further columns.
    """

    def __init__(
        self,
        send: Callable[[bytes], object],
        receive: Callable[[int], bytes],
        join: Callable[[Sequence[bytes | None]], bytes],
    ) -> None:
        self._send = send
        self._receive = receive
        self._join = join
        self._buffer = b""
        self._position = 0
        self.finished = False

    def lines(self, sql: str, chunk_bytes: int) -> Iterator[list[bytes]]:
        """The first column of every row, in lists of about ``chunk_bytes`` together.

        Raises:
            ServerError: the server refused the query or gave up on it.
            ProtocolError: the connection ended.
            OSError: the connection broke, or nothing came for longer than its time limit.
        """
        statement = _QUERY + sql.encode()
        self._send(_framed(statement))
        columns, _ = _length(self._result_packet(), 0)
        for _ in range(columns + 1):  # the columns' descriptions, and the end packet behind them
            self._packet()
        lines: list[bytes] = []
        size = 0
        while not self.finished:
            size += self._take(lines)
            if size >= chunk_bytes:
                yield lines
                lines, size = [], 0
        if lines:
            yield lines

    def _take(self, lines: list[bytes]) -> int:
        """Add the rows that have arrived whole; their bytes. Reads on if there is none."""
        buffer = self._buffer
        start = position = self._position
        end = len(buffer)
        append, header = lines.append, _HEADER.unpack_from
        last = end - _HEADER.size
        while position <= last:
            # A sequence number is the fourth byte of the packet's length.
            size, first, length = header(buffer, position)
            size &= _MORE_FOLLOWS
            following: int = position + 4 + size
            if following > end or size == _MORE_FOLLOWS:
                break
            if first == _TWO:
                text = position + 7
                append(buffer[text : text + length])
            elif first < _NULL:
                text = position + 5
                append(buffer[text : text + first])
            else:
                self._position = following
                return following - start + self._take_rare(buffer[position + 4 : following], lines)
            position = following
        self._position = position
        if position == start:
            return self._take_rare(self._packet(), lines)
        return position - start

    def _take_rare(self, packet: bytes, lines: list[bytes]) -> int:
        """Take a packet that is long, or no row, or a row that comes column by column."""
        first = packet[0]
        if first == _ERROR:
            self.finished = True
            raise _error(packet)
        if first == _EIGHT and len(packet) < _END_BELOW:
            self.finished = True
            return 0
        if first == _NULL:
            lines.append(self._join(_values(packet, 1)))
        else:
            size, text = _length(packet, 0)
            lines.append(packet[text : text + size])
        return len(packet)

    def _result_packet(self) -> bytes:
        packet = self._packet()
        if packet[0] == _ERROR:
            self.finished = True
            raise _error(packet)
        if packet[0] in (0, _NULL):
            raise ProtocolError("the server answered a query with something other than rows")
        return packet

    def _packet(self) -> bytes:
        """The next packet, in however many parts it comes."""
        parts = []
        while True:
            header = self._exactly(4)
            size = int.from_bytes(header[:3], "little")
            parts.append(self._exactly(size))
            if size < _MORE_FOLLOWS:
                return parts[0] if len(parts) == 1 else b"".join(parts)

    def _exactly(self, size: int) -> bytes:
        end = self._position + size
        if end > len(self._buffer):
            parts = [self._buffer[self._position :]]
            missing = size - len(parts[0])
            while missing > 0:
                part = self._receive(max(missing, _RECEIVE_BYTES))
                if not part:
                    raise ProtocolError("the connection ended in the middle of the result")
                parts.append(part)
                missing -= len(part)
            self._buffer = b"".join(parts)
            self._position, end = 0, size
        found = self._buffer[self._position : end]
        self._position = end
        return found


def _framed(payload: bytes) -> bytes:
    """The payload as packets."""
    parts = []
    number = 0
    while True:
        part, payload = payload[:_MORE_FOLLOWS], payload[_MORE_FOLLOWS:]
        parts += [len(part).to_bytes(3, "little"), bytes((number,)), part]
        number += 1
        if len(part) < _MORE_FOLLOWS:
            return b"".join(parts)


def _length(packet: bytes, position: int) -> tuple[int, int]:
    """A length-encoded number, and where what follows it starts."""
    first = packet[position]
    if first < _NULL:
        return first, position + 1
    size = {_TWO: 2, _THREE: 3, _EIGHT: 8}.get(first)
    if size is None:
        raise ProtocolError("a length was expected")
    end = position + 1 + size
    return int.from_bytes(packet[position + 1 : end], "little"), end


def _values(packet: bytes, position: int) -> list[bytes | None]:
    values: list[bytes | None] = []
    while position < len(packet):
        if packet[position] == _NULL:
            values.append(None)
            position += 1
        else:
            size, position = _length(packet, position)
            values.append(packet[position : position + size])
            position += size
    return values


def _error(packet: bytes) -> ServerError:
    code = int.from_bytes(packet[1:3], "little")
    text = packet[3:].decode("utf-8", "replace")
    return ServerError(code, text[6:] if text.startswith("#") else text)
