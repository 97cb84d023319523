"""Slugs: the ASCII names that Dagster's keys, jobs and groups are made of.

A slug is made once from the first name and kept through renames, so that lineage, history and
schedules stay whole; a deleted pipeline's is given to no other. Owns the spelling and the search
for a free one.
"""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Collection

# Room in 63 characters for "_schedule", "_after_upstream" and a number.
LONGEST = 40

# Names that Dagster refuses for jobs and groups, besides Python's keywords.
_REFUSED = frozenset(
    {
        "arg_dict",
        "bool",
        "conf",
        "config",
        "context",
        "default",
        "dict",
        "float",
        "input",
        "input_arg_dict",
        "int",
        "meta",
        "output",
        "output_arg_dict",
        "str",
        "type",
    }
)


def slugify(name: str, noun: str) -> str:
    """A name in ``[a-z0-9_]``, never empty, starting with a letter.

    Args:
        name: what people call it.
        noun: used where the name alone gives nothing usable, e.g. ``pipeline``.
    """
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "_", ascii_name).strip("_")
    if not slug:
        return noun
    if not slug[0].isalpha() or slug in _REFUSED or keyword.iskeyword(slug):
        slug = f"{noun}_{slug}"
    return slug[:LONGEST].rstrip("_")


def free_slug(name: str, noun: str, taken: Collection[str]) -> str:
    """``slugify``'s answer, or the same with the least number that makes it free."""
    slug = slugify(name, noun)
    if slug not in taken:
        return slug
    number = 2
    while f"{slug}_{number}" in taken:
        number += 1
    return f"{slug}_{number}"
