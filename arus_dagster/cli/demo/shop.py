"""The demo's source: a small shop in a database of its own.

Owns its tables, their rows and the changes made between the two syncs. Refuses chance: the same
rows come out every time, so that a difference found by the demo is a fault and no accident.
"""

from __future__ import annotations

import psycopg2

DATABASE = "shop"
READER = "shop_reader"

_TABLES = """
CREATE TYPE order_status AS ENUM ('new', 'paid', 'sent', 'returned');

CREATE TABLE countries (
    code char(2) PRIMARY KEY,
    name text NOT NULL
);
CREATE TABLE customers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    email text NOT NULL UNIQUE,
    country char(2) REFERENCES countries,
    tags text[] NOT NULL DEFAULT '{}',
    preferences jsonb NOT NULL DEFAULT '{}',
    birthday date,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz
);
CREATE TABLE products (
    id uuid PRIMARY KEY,
    sku varchar(20) NOT NULL UNIQUE,
    name text NOT NULL,
    price numeric(12, 2) NOT NULL,
    weight_kg double precision,
    thumbnail bytea,
    updated_at timestamptz NOT NULL
);
CREATE TABLE orders (
    id bigint PRIMARY KEY,
    customer_id bigint NOT NULL REFERENCES customers,
    status order_status NOT NULL,
    placed_at timestamptz NOT NULL,
    delivery_time interval,
    note text,
    updated_at timestamptz NOT NULL
);
CREATE TABLE order_items (
    order_id bigint NOT NULL REFERENCES orders,
    line smallint NOT NULL,
    product_id uuid NOT NULL REFERENCES products,
    quantity integer NOT NULL,
    unit_price numeric(12, 2) NOT NULL,
    total numeric(14, 2) GENERATED ALWAYS AS (quantity * unit_price) STORED,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (order_id, line)
);
CREATE TABLE page_views (
    visitor uuid NOT NULL,
    path text NOT NULL,
    address inet,
    seen_at timestamptz NOT NULL
);
CREATE VIEW revenue_by_day AS
    SELECT placed_at::date AS day, count(DISTINCT o.id) AS orders, sum(i.total) AS revenue
    FROM orders o JOIN order_items i ON i.order_id = o.id
    WHERE o.status <> 'returned'
    GROUP BY 1;
"""

_ROWS = r"""
INSERT INTO countries VALUES
    ('BR', 'Brasil'), ('CZ', 'Česko'), ('DE', 'Deutschland'), ('FR', 'France'), ('ID', 'Indonesia'),
    ('IN', 'भारत'), ('JP', '日本'), ('KE', 'Kenya'), ('MX', 'México'), ('US', 'United States'),
    ('XX', E'Nowhere\tin \\ particular');
INSERT INTO customers (name, email, country, tags, preferences, birthday, updated_at, deleted_at)
SELECT
    (ARRAY['Ana', 'Björn', 'Chloé', 'Dimas', 'Eun-ji', 'Farid', 'Grace', 'Hồng'])[1 + n % 8]
        || ' ' || (ARRAY['O''Neil', 'Sukma', 'Müller', 'da Silva', '山田', 'Novák'])[1 + n % 6],
    'customer' || n || '@example.com',
    (ARRAY['BR', 'CZ', 'DE', 'FR', 'ID', 'IN', 'JP', 'KE', 'MX', 'US', NULL])[1 + n % 11],
    CASE n % 3 WHEN 0 THEN '{}'::text[] WHEN 1 THEN ARRAY['new']
               ELSE ARRAY['loyal', 'say "hi"', NULL] END,
    jsonb_build_object('newsletter', n % 2 = 0, 'scores', jsonb_build_array(n, n / 8.0, NULL)),
    CASE WHEN n % 5 > 0 THEN date '1960-01-01' + n * 7 END,
    timestamptz '2025-01-01 08:00:00.123456+00' + n * interval '97 seconds 1 microsecond',
    CASE WHEN n % 100 = 0 THEN timestamptz '2025-03-01 00:00+00' END
FROM generate_series(1, 2000) n;
INSERT INTO products
SELECT
    md5('product ' || n)::uuid, 'SKU-' || lpad(n::text, 5, '0'),
    (ARRAY['Teapot', 'Lamp 💡', 'Notebook', 'Chair', E'Rug\nof wool'])[1 + n % 5] || ' ' || n,
    round((n * 7919 % 100000) / 100.0, 2),
    CASE WHEN n % 4 > 0 THEN n / 7.0 END,
    CASE WHEN n % 2 = 0 THEN decode(md5(n::text) || '00ff', 'hex') END,
    timestamptz '2025-01-01 08:00+00' + n * interval '1 hour'
FROM generate_series(1, 300) n;
INSERT INTO orders
SELECT
    n, 1 + n * 31 % 2000, (enum_range(NULL::order_status))[1 + n % 4],
    timestamptz '2025-01-02 00:00+00' + n * interval '7 minutes',
    CASE WHEN n % 4 = 2 THEN make_interval(days => n % 5, mins => n % 60) END,
    CASE n % 50 WHEN 0 THEN '' WHEN 1 THEN E'Ring twice\nthen wait' WHEN 2 THEN '\N' END,
    timestamptz '2025-01-02 01:00+00' + n * interval '7 minutes'
FROM generate_series(1, 8000) n;
INSERT INTO order_items (order_id, line, product_id, quantity, unit_price, updated_at)
SELECT o.id, line, p.id, 1 + (o.id + line) % 4, p.price, o.updated_at
FROM orders o
CROSS JOIN LATERAL generate_series(1, 1 + o.id % 4) line
JOIN products p ON p.sku = 'SKU-' || lpad((1 + (o.id * 13 + line * 7) % 300)::text, 5, '0');
INSERT INTO page_views
SELECT
    md5('visitor ' || n % 900)::uuid, '/products/' || n % 300,
    CASE WHEN n % 3 > 0 THEN inet '10.0.0.0' + n WHEN n % 2 = 0 THEN inet '2001:db8::' + n END,
    timestamptz '2025-02-01 00:00+00' + n / 2 * interval '11 seconds'
FROM generate_series(1, 5000) n;
ANALYZE;
"""

_CHANGES = """
INSERT INTO orders
SELECT n, 1 + n % 2000, 'new', now(), NULL, 'ordered during the demo', clock_timestamp()
FROM generate_series(8001, 8120) n;
INSERT INTO order_items (order_id, line, product_id, quantity, unit_price, updated_at)
SELECT o.id, 1, p.id, 2, p.price, clock_timestamp()
FROM orders o, products p WHERE o.id > 8000 AND p.sku = 'SKU-00007';
UPDATE orders SET status = 'sent', delivery_time = '2 days 03:00', updated_at = clock_timestamp()
WHERE id % 80 = 1 AND id <= 8000;
UPDATE products SET price = price * 1.1, updated_at = clock_timestamp() WHERE sku < 'SKU-00031';
UPDATE customers SET deleted_at = clock_timestamp(), updated_at = clock_timestamp()
WHERE id % 250 = 7;
UPDATE customers SET email = 'moved' || id || '@example.com', updated_at = clock_timestamp()
WHERE id % 125 = 9;
DELETE FROM countries WHERE code = 'XX';
"""

CHANGES_IN_WORDS = (
    ("orders", "120 inserted, 100 updated"),
    ("order_items", "120 inserted"),
    ("products", "30 repriced"),
    ("customers", "8 marked as deleted, 16 with a new e-mail address"),
    ("countries", "1 deleted"),
)


def seed(connection: psycopg2.extensions.connection, reader_password: str) -> None:
    """Make the shop's tables and rows, and the account that Arus reads them with; once."""
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('public.orders') IS NOT NULL")
        if cursor.fetchone() == (True,):
            return
        cursor.execute("SET TIME ZONE 'UTC'")
        cursor.execute(_TABLES)
        cursor.execute(_ROWS)
        cursor.execute(f"CREATE ROLE {READER} LOGIN PASSWORD %s", (reader_password,))
        cursor.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {READER}")


def change(connection: psycopg2.extensions.connection) -> None:
    """What happens in the shop between the two syncs."""
    with connection, connection.cursor() as cursor:
        cursor.execute(_CHANGES)
