"""Secrets that a file refers to, taken from the environment.

Owns what is kept where a variable is not set, and which variables are missing. Refuses to go on
with a secret that is needed and nowhere to be had.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from arus_dagster.configuration.document import variable_of
from arus_dagster.errors import InvalidInputError


class Secrets:
    """The environment's secrets, and what was asked of it.

    Args:
        environment: variables to values; an empty value counts as not set.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._missing: set[str] = set()
        self.changed: defaultdict[tuple[str, str], set[str]] = defaultdict(set)

    def resolve(
        self,
        noun: str,
        name: str,
        references: Mapping[str, str | None],
        stored: Mapping[str, str],
    ) -> dict[str, str]:
        """The secrets of one thing.

        Args:
            references: field to ``${NAME}``; None stands for a field that has none.
            stored: what is stored, by field; it stays where the variable is not set.
        """
        resolved: dict[str, str] = {}
        for field, reference in references.items():
            variable = None if reference is None else variable_of(reference)
            if variable is None:
                continue
            value = self._environment.get(variable) or stored.get(field)
            if value is None:
                self._missing.add(variable)
            else:
                resolved[field] = value
                if stored.get(field) != value:
                    self.changed[noun, name.lower()].add(field)
        return resolved

    def require_all(self) -> None:
        """Raises InvalidInputError, naming them, if variables were needed that are not set."""
        if self._missing:
            raise InvalidInputError(
                "The environment lacks the secrets that the file refers to: "
                + ", ".join(sorted(self._missing))
            )
