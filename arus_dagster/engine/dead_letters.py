"""How many rows may fail before the table does.

Owns the limit's meaning. A few bad rows are set aside; many mean that something else is wrong,
and then the target stays as it was.
"""

from __future__ import annotations

from arus_dagster.dialects.base import RejectedRow
from arus_dagster.dialects.postgresql.dead_letters import DeadLetterSpool
from arus_dagster.engine.specs import Policy
from arus_dagster.errors import DeadLetterLimitError

# In a small read a few bad rows are a large share and yet say little.
SHARE_COUNTS_FROM = 100
_REASONS_SHOWN = 3


class Rejections:
    """The rows of one load that could not be carried over.

    Args:
        spool: where they wait until the load commits.
        policy: the limits.
    """

    def __init__(self, spool: DeadLetterSpool, policy: Policy) -> None:
        self._spool = spool
        self._policy = policy
        self._reasons: dict[str, None] = {}

    @property
    def count(self) -> int:
        return self._spool.count

    @property
    def reasons(self) -> str:
        """The first reasons, for a message."""
        return "; ".join(self._reasons)

    def add(self, rejected: RejectedRow, *, transformed: bool = False) -> None:
        """Set a row aside.

        Args:
            transformed: whether the payload is what scripts made of the row.

        Raises:
            DeadLetterLimitError: it is one too many.
        """
        if len(self._reasons) < _REASONS_SHOWN:
            self._reasons.setdefault(rejected.reason)
        self._spool.add(rejected, transformed=transformed)
        if self.count > self._policy.dead_letter_limit:
            raise DeadLetterLimitError(
                f"more than {self._policy.dead_letter_limit} rows were rejected"
                f" (dead_letter_limit): {self.reasons}"
            )

    def judge(self, extracted: int, *, full: bool) -> None:
        """Look at the whole, when all rows are through.

        Args:
            extracted: rows read.
            full: whether the target's other rows are gone.

        Raises:
            DeadLetterLimitError: too large a share failed, or, in a full load, every row.
        """
        allowed = max(SHARE_COUNTS_FROM, int(extracted * self._policy.dead_letter_share))
        if self.count > allowed:
            raise DeadLetterLimitError(
                f"{self.count} of {extracted} rows were rejected, more than"
                f" {self._policy.dead_letter_share:.0%}: {self.reasons}"
            )
        if full and self.count and self.count == extracted:
            raise DeadLetterLimitError(f"every row was rejected: {self.reasons}")
