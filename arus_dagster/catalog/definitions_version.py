"""A counter that rises with each change that alters Dagster's definitions.

The code location carries the number it was built from, so any API process can tell whether the
loaded definitions are behind the catalog.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Integer
from sqlalchemy.orm import Mapped, mapped_column

from arus_dagster.catalog.base import Base


class DefinitionsVersion(Base):
    __tablename__ = "definitions_version"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(BigInteger, nullable=False)
