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
        self._put_back = 0

    @property
    def count(self) -> int:
        """All rows set aside, those put back included."""
        return self._spool.count

    @property
    def fresh(self) -> int:
        return self._spool.count - self._put_back

    @property
    def reasons(self) -> str:
        """The first reasons, for a message."""
        return "; ".join(self._reasons)

    def add(self, rejected: RejectedRow) -> None:
        """Set a row aside; its payload is the source's row, whatever scripts made of it.

        Raises:
            DeadLetterLimitError: it is one too many.
        """
        self._keep(rejected)
        if self.fresh > self._policy.dead_letter_limit:
            raise DeadLetterLimitError(
                f"more than {self._policy.dead_letter_limit} rows were rejected"
                f" (dead_letter_limit): {self.reasons}"
            )

    def put_back(self, rejected: RejectedRow) -> None:
        """Set a letter that was tried again aside again; no limit counts it a second time."""
        self._put_back += 1
        self._keep(rejected)

    def _keep(self, rejected: RejectedRow) -> None:
        if len(self._reasons) < _REASONS_SHOWN:
            self._reasons.setdefault(rejected.reason)
        self._spool.add(rejected)

    def judge(self, extracted: int, *, full: bool) -> None:
        """Look at the whole, when all rows are through.

        Args:
            extracted: rows read.
            full: whether the target's other rows are gone.

        Raises:
            DeadLetterLimitError: too large a share failed, or, in a full load, every row.
        """
        allowed = max(SHARE_COUNTS_FROM, int(extracted * self._policy.dead_letter_share))
        if self.fresh > allowed:
            raise DeadLetterLimitError(
                f"{self.fresh} of {extracted} rows were rejected, more than"
                f" {self._policy.dead_letter_share:.0%}: {self.reasons}"
            )
        if full and self.fresh and self.fresh == extracted:
            raise DeadLetterLimitError(f"every row was rejected: {self.reasons}")
