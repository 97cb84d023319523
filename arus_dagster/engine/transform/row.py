"""The dict a script gets: its values are decoded when they are first looked at.

Owns laziness, and that nobody can tell: whatever asks for more than single keys decodes the rest
first. Refuses to know types; a decoder is given for each column. Standard library alone: the
worker imports it.

The first column is always decoded, because C code (``json.dumps``) takes a dict whose storage is
empty for an empty dict without asking it.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from arus_dagster.engine.transform.decoders import Decoder

_store = dict.__setitem__
_MISSING = object()
_MUTABLE = (dict, list)  # may be changed in place and still be the same object


class Row(dict[Any, Any]):
    """A row of one table; a subclass a table carries the columns (see ``row_class``)."""

    __slots__ = ("_fields", "_first", "_originals")
    __hash__ = None

    names: ClassVar[tuple[str, ...]] = ()
    positions: ClassVar[Mapping[str, int]] = {}
    decoders: ClassVar[tuple[Decoder, ...]] = ()

    _fields: list[str] | None
    _first: Any
    _originals: list[Any] | None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # Only a script comes here, by ``type(row)(…)``: that makes an ordinary dict.
        self._fields = self._originals = None
        super().__init__(*args, **kwargs)

    @classmethod
    def of(cls, fields: list[str]) -> Row:
        """The row of a COPY line's fields."""
        row: Row = cls.__new__(cls)
        row._fields = fields
        if fields:
            row._first = value = cls.decoders[0](fields[0])
            _store(row, cls.names[0], value)
        return row

    @property
    def is_lazy(self) -> bool:
        """Whether fields may still be undecoded: what storage lacks is unchanged then."""
        return self._fields is not None

    def still_first(self, value: Any) -> bool:
        """Whether it is the very value that was decoded for the first column."""
        return value is self._first and not isinstance(value, _MUTABLE)

    @property
    def originals(self) -> list[Any] | None:
        """What was decoded at once, by position, when something asked for all of it: a value that
        is still the same object there is unchanged. None where nothing was."""
        return None if self._fields is not None else self._originals

    def touched(self) -> ItemsView[Any, Any]:
        """What storage holds: the columns looked at or set, and keys that a script added."""
        return dict.items(self)

    def _decode_all(self) -> None:
        fields = self._fields
        if fields is None:
            return
        self._fields = None
        held = dict(dict.items(self))
        dict.clear(self)
        originals = self._originals = []
        for name, decode, field in zip(self.names, self.decoders, fields, strict=True):
            if name in held:
                value, original = held.pop(name), _MISSING
            else:
                value = decode(field)
                original = _MISSING if isinstance(value, _MUTABLE) else value
            _store(self, name, value)
            originals.append(original)
        dict.update(self, held)

    def __missing__(self, key: Any) -> Any:
        if self._fields is not None:
            position = self.positions.get(key)
            if position is not None:
                value = self.decoders[position](self._fields[position])
                _store(self, key, value)
                return value
        raise KeyError(key)

    def get(self, key: Any, default: Any = None, /) -> Any:
        value = dict.get(self, key, _MISSING)
        if value is not _MISSING:
            return value
        if self._fields is not None and key in self.positions:
            return self[key]
        return default

    def __contains__(self, key: Any, /) -> bool:
        return dict.__contains__(self, key) or (self._fields is not None and key in self.positions)

    def __len__(self) -> int:
        self._decode_all()
        return dict.__len__(self)

    def __bool__(self) -> bool:
        return self._fields is not None or dict.__len__(self) > 0

    def __iter__(self) -> Iterator[Any]:
        self._decode_all()
        return dict.__iter__(self)

    def __reversed__(self) -> Iterator[Any]:
        self._decode_all()
        return dict.__reversed__(self)

    def __delitem__(self, key: Any, /) -> None:
        self._decode_all()
        dict.__delitem__(self, key)

    def __eq__(self, other: object, /) -> bool:
        self._decode_all()
        if isinstance(other, Row):
            other._decode_all()
        return dict.__eq__(self, other)

    def __ne__(self, other: object, /) -> bool:
        return not self == other

    def __or__(self, other: Any, /) -> Any:
        return dict(self.items()) | other

    def __ror__(self, other: Any, /) -> Any:
        return other | dict(self.items())

    def __repr__(self) -> str:
        self._decode_all()
        return dict.__repr__(self)

    def keys(self) -> Any:
        self._decode_all()
        return dict.keys(self)

    def values(self) -> Any:
        self._decode_all()
        return dict.values(self)

    def items(self) -> Any:
        self._decode_all()
        return dict.items(self)

    def copy(self) -> dict[Any, Any]:
        return dict(self.items())

    def __copy__(self) -> dict[Any, Any]:
        return self.copy()

    def __reduce_ex__(self, protocol: Any, /) -> tuple[Any, ...]:
        return dict, (self.copy(),)

    def pop(self, *args: Any) -> Any:
        self._decode_all()
        return dict.pop(self, *args)

    def popitem(self) -> tuple[Any, Any]:
        self._decode_all()
        return dict.popitem(self)

    def setdefault(self, key: Any, default: Any = None, /) -> Any:
        self._decode_all()
        return dict.setdefault(self, key, default)

    def clear(self) -> None:
        self._fields = self._originals = None
        dict.clear(self)


def row_class(names: Sequence[str], decoders: Sequence[Decoder]) -> type[Row]:
    """The class of a table's rows."""
    positions = {name: position for position, name in enumerate(names)}
    return type(
        "row",
        (Row,),
        {
            "__slots__": (),
            "names": tuple(names),
            "positions": positions,
            "decoders": tuple(decoders),
        },
    )
