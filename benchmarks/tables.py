"""The rows that are moved: made by the servers themselves, the same for every side.

Owns what is called realistic here: texts with tabs, newlines, backslashes, quotes and letters of
several scripts, NULLs, JSON, bytes, decimals, doubles, dates and times; some 400 bytes a row.
"""

from __future__ import annotations

from tests.servers import Database

SCHEMA = "public"
ORDERS = "orders"
COLUMNS = (
    "id",
    "account_id",
    "reference",
    "email",
    "title",
    "body",
    "amount",
    "rate",
    "paid",
    "properties",
    "digest",
    "ordered_on",
    "created_at",
    "updated_at",
)

POSTGRESQL_ORDERS = """(
  id bigint{key}, account_id integer NOT NULL, reference uuid NOT NULL, email varchar(200),
  title text NOT NULL, body text, amount numeric(14,2) NOT NULL, rate double precision,
  paid boolean NOT NULL, properties jsonb, digest bytea, ordered_on date,
  created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL
)"""
# What MariaDB's types become in the warehouse; see docs/types.md.
FROM_MARIADB_ORDERS = """(
  id bigint, account_id integer NOT NULL, reference text NOT NULL, email text,
  title text NOT NULL, body text, amount numeric(14,2) NOT NULL, rate double precision,
  paid smallint NOT NULL, properties json, digest bytea, ordered_on date,
  created_at timestamp NOT NULL, updated_at timestamptz NOT NULL
)"""

_POSTGRESQL_FILL = r"""INSERT INTO {table} SELECT
  n, n::bigint * 7919 % 50000, md5(n::text)::uuid,
  CASE WHEN n % 20 > 0 THEN 'User' || n || '@Example.com' END,
  'Order № ' || n || ' – café, 東京',
  CASE WHEN n % 10 > 0 THEN 'first line ' || md5(n::text) || E'\nsecond\tcolumn C:\\temp\\'
    || n % 97 || E'\n"double" and ''single'' – ünïcödé ✓ ' || repeat(md5((n + 1)::text), 3) END,
  n % 1000000 / 100.0, CASE WHEN n % 7 > 0 THEN n / 7.0::float8 END, n % 3 = 0,
  CASE WHEN n % 15 > 0 THEN jsonb_build_object('n', n, 'tags', jsonb_build_array('a', n % 10),
    'note', CASE WHEN n % 5 = 0 THEN E'tab\there, and a \\ backslash' END) END,
  CASE WHEN n % 4 > 0 THEN decode(md5(n::text) || md5((n + 2)::text), 'hex') END,
  date '2015-01-01' + n % 4000,
  timestamptz '2020-01-01Z' + n * interval '1.234567 seconds',
  timestamptz '2021-01-01Z' + n * interval '1.000321 seconds'
FROM generate_series(1, {rows}) n"""

_MARIADB_ORDERS = """CREATE TABLE orders (
  id bigint NOT NULL PRIMARY KEY, account_id int NOT NULL, reference char(36) NOT NULL,
  email varchar(200), title varchar(255) NOT NULL, body text, amount decimal(14,2) NOT NULL,
  rate double, paid tinyint(1) NOT NULL, properties json, digest varbinary(64), ordered_on date,
  created_at datetime(6) NOT NULL, updated_at timestamp(6) NOT NULL
)"""
_MARIADB_FILL = r"""INSERT INTO orders SELECT
  seq, seq * 7919 % 50000, INSERT(INSERT(MD5(seq), 17, 0, '-'), 9, 0, '-'),
  IF(seq % 20, CONCAT('User', seq, '@Example.com'), NULL),
  CONCAT('Order № ', seq, ' – café, 東京'),
  IF(seq % 10, CONCAT('first line ', MD5(seq), '\nsecond\tcolumn C:\\temp\\', seq % 97,
    '\n"double" and ''single'' – ünïcödé ✓ ', REPEAT(MD5(seq + 1), 3)), NULL),
  seq % 1000000 / 100, IF(seq % 7, seq / 7e0, NULL), seq % 3 = 0,
  IF(seq % 15, JSON_OBJECT('n', seq, 'tags', JSON_ARRAY('a', seq % 10),
    'note', IF(seq % 5, NULL, 'tab\there, and a \\ backslash')), NULL),
  IF(seq % 4, UNHEX(CONCAT(MD5(seq), MD5(seq + 2))), NULL),
  DATE '2015-01-01' + INTERVAL seq % 4000 DAY,
  TIMESTAMP '2020-01-01 00:00:00' + INTERVAL seq * 1234567 MICROSECOND,
  TIMESTAMP '2021-01-01 00:00:00' + INTERVAL seq * 1000321 MICROSECOND
FROM seq_1_to_{rows}"""


def make_orders(database: Database, rows: int) -> None:
    """The table ``orders`` in a source, with a primary key and as many rows."""
    if database.spec.type == "postgresql":
        definition = POSTGRESQL_ORDERS.format(key=" PRIMARY KEY")
        database.execute(
            f"CREATE TABLE orders {definition}",
            _POSTGRESQL_FILL.format(table="orders", rows=rows),
            "VACUUM ANALYZE orders",
        )
    else:
        database.execute(_MARIADB_ORDERS, _MARIADB_FILL.format(rows=rows))


def orders_definition(source: Database) -> str:
    """What a hand-written copy of ``orders`` in the warehouse is declared as, without its key."""
    if source.spec.type == "postgresql":
        return POSTGRESQL_ORDERS.format(key="")
    return FROM_MARIADB_ORDERS


def source_schema(source: Database) -> str:
    """The schema of a source's tables, which in MariaDB is the database."""
    return SCHEMA if source.spec.type == "postgresql" else source.name


def digest(database: Database, table: str, *, with_bytes: bool = True) -> tuple[object, ...]:
    """What a copy of ``orders`` must have in common with its source, as numbers and texts.

    Args:
        with_bytes: whether the column of bytes is looked at; a peer may have made it a text.
    """
    length = "octet_length" if database.spec.type == "postgresql" else "length"
    ((count, *sums),) = database.rows(
        f"SELECT count(*), sum(amount), sum({length}(body)), sum(account_id), min(title),"
        f" max(email){f', sum({length}(digest))' if with_bytes else ''} FROM {table}",
        admin=True,  # a peer's copy is the peer's own
    )
    return (count, *(str(value) for value in sums))
