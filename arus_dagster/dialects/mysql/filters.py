"""What a quote and a comment are to MySQL, so that a row filter can't hide its end in one.

Refuses the comments that MySQL runs as code; the walk itself is ``enclosure``'s.
"""

from __future__ import annotations

import re

from arus_dagster.dialects.enclosure import bare, called, enclose, refused

# Two dashes are a comment only before a blank or a control character, of which the last is 127:
# ``5--3`` is 8.
_LINE_COMMENT = re.compile(r"(?:#|--(?=[\x00-\x20\x7f]|\Z))[^\n]*")
_EXECUTED_COMMENT = re.compile(r"/\*(?:M?!|\+)")


# What sleeps, locks, burns time, waits for replication, reads the server's files or remembers. A
# read-only transaction stops none of them; what writes tables it does stop.
_WITH_EFFECTS = frozenset(
    {
        "benchmark",
        "get_lock",
        "is_free_lock",
        "last_insert_id",
        "lastval",
        "load_file",
        "master_gtid_wait",
        "master_pos_wait",
        "nextval",
        "rand",
        "release_all_locks",
        "release_lock",
        "setval",
        "sleep",
        "source_pos_wait",
        "sys_eval",
        "sys_exec",
        "sys_get",
        "sys_set",
        "uuid",
        "uuid_short",
        "wait_for_executed_gtid_set",
        "wait_until_sql_thread_after_gtids",
    }
)


_CLAUSES = re.compile(
    r"\b(?:for\s+update|for\s+share|lock\s+in\s+share\s+mode|next\s+value\s+for)\b"
)


def refuse_effects(expression: str) -> None:
    """Refuse functions that do something besides answering, or answer otherwise each time.

    Raises:
        InvalidInputError: naming the functions.
    """
    if clause := _CLAUSES.search(bare(expression, _after)):
        raise refused(f"holds {' '.join(clause.group().upper().split())}, which locks or counts")
    names = {name.lower() for name in called(expression, _after, "`")}
    if found := sorted(names & _WITH_EFFECTS):
        raise refused(f"calls {', '.join(found)}, which may not be used in one")


def enclosed(expression: str) -> str:
    """The expression in parentheses, safe to stand in a WHERE clause.

    Raises:
        InvalidInputError: it could end the clause or the statement; the message says why.
    """
    return enclose(expression, _after)


def _after(text: str, position: int) -> int:
    """Where the token that starts at ``position`` ends."""
    if comment := _LINE_COMMENT.match(text, position):
        return comment.end()
    if text.startswith("/*", position):
        if _EXECUTED_COMMENT.match(text, position):
            raise refused("holds a comment that the server would run")
        end = text.find("*/", position + 2)
        if end < 0:
            raise refused("leaves a comment open")
        return end + 2
    character = text[position]
    if character in "'\"`":
        return _after_quote(text, position, character)
    return position + 1


def _after_quote(text: str, position: int, quote: str) -> int:
    # Sessions run without NO_BACKSLASH_ESCAPES; in an identifier a backslash is only itself.
    position += 1
    while position < len(text):
        if text[position] == "\\" and quote != "`":
            position += 2
        elif text[position] != quote:
            position += 1
        elif text.startswith(quote * 2, position):
            position += 2
        else:
            return position + 1
    raise refused("leaves a quote open")
