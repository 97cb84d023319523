import uuid

import pytest
from sqlalchemy import event

from arus_dagster.catalog import Source
from arus_dagster.catalog.specs import connection_spec
from tests.api.bodies import connection_body

REFERENCE = {
    "name": "Production DB",
    "type": "mysql",
    "host": "db.example.com",
    "port": 3306,
    "database": "mydb",
    "username": "reader",
    "password": "secret-p@ss",
    "sync_method": "auto",
    "table_include": ["+orders*", "+users*"],
    "table_exclude": ["-audit_*"],
}
SHOP = (
    "CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, total numeric(10,2),"
    " updated_at timestamptz NOT NULL, deleted_at timestamptz)",
    "CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL)",
    "CREATE TABLE audit_log (id int PRIMARY KEY, entry text)",
    "CREATE VIEW order_totals AS SELECT id, total FROM orders",
    "CREATE SCHEMA archive",
    "CREATE TABLE archive.orders (id bigint PRIMARY KEY, total numeric)",
)


def post_source(client, body):
    response = client.post("/api/sources", json=body)
    assert response.status_code == 201, response.text
    return response.json()["data"]


@pytest.fixture
def shop(editor, pg_source_db):
    """A source with tables in it, as the API shows it."""
    pg_source_db.execute(*SHOP)
    return post_source(editor, connection_body(pg_source_db.spec, "Shop"))


@pytest.fixture
def warehouse(editor, warehouse_db):
    """The default destination, as the API shows it."""
    body = connection_body(warehouse_db.spec, "Warehouse", is_default=True)
    return editor.post("/api/destinations", json=body).json()["data"]


def discover(client, source):
    response = client.post(f"/api/sources/{source['id']}/discover")
    assert response.status_code == 200, response.text
    return {(t["schema"], t["name"]): t for t in response.json()["data"]["tables"]}


def select(client, source, tables):
    return client.put(f"/api/sources/{source['id']}/tables", json={"tables": tables})


def fields_of(response):
    return [f["field"] for f in response.json()["error"]["fields"]]


class TestSource:
    def test_the_documented_body_makes_a_source(self, editor, viewer):
        made = post_source(editor, REFERENCE)

        assert {k: made[k] for k in REFERENCE} == REFERENCE | {"password": "********"}
        assert {"ssl_mode", "schema_include", "status", "last_tested", "updated_at"} <= made.keys()
        assert (made["table_count"], made["enabled_table_count"]) == (0, 0)
        assert viewer.get(f"/api/sources/{made['id']}").json()["data"] == made
        assert viewer.get("/api/sources").json()["data"] == [made]

    @pytest.mark.parametrize(("kind", "port"), [("mysql", 3306), ("postgresql", 5432)])
    def test_a_port_left_out_is_the_usual_one(self, editor, kind, port):
        body = {k: v for k, v in REFERENCE.items() if k != "port"}

        assert post_source(editor, body | {"type": kind})["port"] == port

    def test_lists_page_newest_first(self, editor):
        names = [post_source(editor, REFERENCE | {"name": f"S{n}"})["name"] for n in range(3)]

        page = editor.get("/api/sources", params={"limit": 2, "offset": 1}).json()

        assert [s["name"] for s in page["data"]] == names[1::-1]
        assert page["meta"] == {"total": 3, "limit": 2, "offset": 1}

    def test_a_list_takes_the_same_number_of_queries_whatever_its_length(self, app, editor):
        def queries() -> int:
            count = 0

            def counted(*_: object) -> None:
                nonlocal count
                count += 1

            engine = app.state.catalog.engine
            event.listen(engine, "before_cursor_execute", counted)
            try:
                assert editor.get("/api/sources").status_code == 200
            finally:
                event.remove(engine, "before_cursor_execute", counted)
            return count

        post_source(editor, REFERENCE)
        one = queries()
        for number in range(5):
            post_source(editor, REFERENCE | {"name": f"S{number}"})
        assert queries() == one

    def test_an_update_keeps_what_it_leaves_out(self, app, editor):
        made = post_source(editor, REFERENCE)
        path = f"/api/sources/{made['id']}"

        body = {"sync_method": "full_refresh", "password": "********"}
        changed = editor.put(path, json=body).json()["data"]

        assert (changed["sync_method"], changed["name"]) == ("full_refresh", "Production DB")
        assert changed["table_include"] == REFERENCE["table_include"]
        with app.state.catalog.session() as session:
            source = session.get(Source, uuid.UUID(made["id"]))
            assert connection_spec(session, source).password == "secret-p@ss"

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("type", "postgresql"),
            ("host", "evil.example.com"),
            ("port", 3307),
            ("database", "other"),
            ("username", "root"),
            ("ssl_mode", "disable"),
            ("ssl_ca", "another authority"),
        ],
    )
    def test_a_stored_password_goes_no_other_way(self, app, editor, field, value):
        made = post_source(editor, REFERENCE)
        path = f"/api/sources/{made['id']}"

        for again in ({}, {"password": "********"}, {"ssl_key": None}):
            answer = editor.put(path, json={field: value} | again)
            assert answer.status_code == 422, answer.text
            assert fields_of(answer) == ["password"]
        assert editor.get(path).json()["data"][field] == made[field]

        # What it is already is no change.
        assert editor.put(path, json={field: made[field]}).status_code == 200
        answer = editor.put(path, json={field: value, "password": "entered again"})
        assert answer.status_code == 200, answer.text

    def test_where_no_password_is_stored_none_is_asked_for(self, editor):
        made = post_source(editor, {k: v for k, v in REFERENCE.items() if k != "password"})

        answer = editor.put(f"/api/sources/{made['id']}", json={"host": "replica"})

        assert answer.status_code == 200

    def test_a_password_stands_in_no_answer(self, editor):
        made = post_source(editor, REFERENCE)
        path = f"/api/sources/{made['id']}"
        answers = [
            editor.get(path),
            editor.get("/api/sources"),
            editor.put(path, json={"password": "secret-p@ss"}),
            editor.put(path, json={"password": "secret-p@ss", "port": "x"}),
            editor.post("/api/sources", json=REFERENCE),
            editor.post("/api/sources", json=REFERENCE | {"password": ["secret-p@ss"]}),
        ]

        assert all("secret-p@ss" not in answer.text for answer in answers)

    @pytest.mark.parametrize(
        ("field", "value", "named"),
        [
            ("type", "oracle", "type"),
            ("port", "x", "port"),
            ("database", "", "database"),
            ("sync_method", "sometimes", "sync_method"),
            ("table_include", "orders", "table_include"),
            ("table_include", [""], "table_include.0"),
            ("nonsense", 1, "nonsense"),
            ("name", None, "name"),
        ],
    )
    def test_what_is_not_acceptable_is_named(self, editor, field, value, named):
        made = post_source(editor, REFERENCE)

        created = editor.post("/api/sources", json=REFERENCE | {"name": "B", field: value})
        updated = editor.put(f"/api/sources/{made['id']}", json={field: value})

        for answer in (created, updated):
            assert answer.status_code == 422, answer.text
            assert fields_of(answer) == [named]

    def test_a_name_is_taken_ignoring_case(self, editor):
        post_source(editor, REFERENCE)

        answer = editor.post("/api/sources", json=REFERENCE | {"name": "production db"})

        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "CONFLICT")

    def test_a_deleted_source_is_gone(self, editor):
        path = f"/api/sources/{post_source(editor, REFERENCE)['id']}"

        assert editor.delete(path).status_code == 200
        for answer in (
            editor.get(path),
            editor.put(path, json={}),
            editor.delete(path),
            editor.post(f"{path}/test"),
            editor.post(f"{path}/discover"),
            editor.post(f"{path}/schemas"),
            editor.put(f"{path}/tables", json={"tables": []}),
        ):
            assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NOT_FOUND")

    def test_viewers_only_look(self, viewer, editor):
        path = f"/api/sources/{post_source(editor, REFERENCE)['id']}"

        assert viewer.get(path).status_code == 200
        for answer in (
            viewer.post("/api/sources", json=REFERENCE),
            viewer.put(path, json={}),
            viewer.delete(path),
            viewer.post(f"{path}/test"),
            viewer.post(f"{path}/discover"),
            viewer.post(f"{path}/schemas"),
            viewer.put(f"{path}/tables", json={"tables": []}),
        ):
            assert (answer.status_code, answer.json()["error"]["code"]) == (403, "FORBIDDEN")


class TestConnection:
    def test_a_test_connects_and_its_outcome_is_kept(self, editor, shop):
        answer = editor.post(f"/api/sources/{shop['id']}/test")

        assert answer.status_code == 200
        assert answer.json()["data"]["connected"] is True
        shown = editor.get(f"/api/sources/{shop['id']}").json()["data"]
        assert (shown["status"], shown["last_error"]) == ("connected", None)

    @pytest.mark.parametrize("kind", ["mysql", "mariadb", "postgresql"])
    @pytest.mark.parametrize("action", ["test", "discover"])
    def test_an_unreachable_source_is_502_and_its_state_kept(self, editor, kind, action):
        body = REFERENCE | {"type": kind, "host": "127.0.0.1", "port": 9}
        made = post_source(editor, body)

        answer = editor.post(f"/api/sources/{made['id']}/{action}")

        assert answer.status_code == 502
        assert answer.json()["error"]["code"] == "CONNECTION_FAILED"
        assert "refused" in answer.json()["error"]["message"].lower()
        assert "secret-p@ss" not in answer.text
        shown = editor.get(f"/api/sources/{made['id']}").json()["data"]
        assert shown["status"] == "error"
        assert shown["last_error"] == answer.json()["error"]["message"]

    def test_schemas_of_postgresql_are_listed(self, editor, shop):
        answer = editor.post(f"/api/sources/{shop['id']}/schemas")

        assert answer.status_code == 200
        assert answer.json()["data"] == {"source_id": shop["id"], "schemas": ["archive", "public"]}

    def test_mysql_has_no_schemas_and_says_so(self, editor):
        made = post_source(editor, REFERENCE)

        answer = editor.post(f"/api/sources/{made['id']}/schemas")

        assert answer.status_code == 422
        assert "PostgreSQL" in answer.json()["error"]["message"]


class TestDiscovery:
    def test_tables_are_found_with_how_they_are_best_synced(self, editor, shop):
        tables = discover(editor, shop)

        assert {*tables} == {
            ("public", "orders"),
            ("public", "users"),
            ("public", "audit_log"),
            ("public", "order_totals"),
            ("archive", "orders"),
        }
        orders = tables["public", "orders"]
        assert (orders["detected_sync"], orders["watermark_column"]) == (
            "incremental",
            "updated_at",
        )
        assert orders["watermark_candidates"][0] == "updated_at"
        assert orders["soft_delete_column"] == "deleted_at"
        assert orders["primary_key"] == ["id"] and orders["kind"] == "table"
        assert orders["columns"][0] == {
            "name": "id",
            "type": "bigint",
            "target_type": "bigint",
            "nullable": False,
            "primary_key": True,
        }
        assert tables["public", "users"]["detected_sync"] == "full_refresh"
        assert tables["public", "users"]["watermark_column"] is None
        assert tables["public", "order_totals"]["kind"] == "view"
        assert all(t["enabled"] for t in tables.values())

    def test_what_was_found_is_counted_and_the_source_is_connected(self, editor, shop):
        discover(editor, shop)

        shown = editor.get(f"/api/sources/{shop['id']}").json()["data"]
        assert (shown["table_count"], shown["enabled_table_count"]) == (5, 5)
        assert shown["status"] == "connected"

    def test_patterns_leave_tables_out(self, editor, shop):
        patterns = {"table_include": ["+*order*"], "table_exclude": ["-archive.*"]}
        editor.put(f"/api/sources/{shop['id']}", json=patterns)

        assert {*discover(editor, shop)} == {("public", "orders"), ("public", "order_totals")}

    def test_schemas_left_out_are_not_looked_into(self, editor, shop):
        editor.put(f"/api/sources/{shop['id']}", json={"schema_include": ["arch*"]})

        assert {*discover(editor, shop)} == {("archive", "orders")}

    def test_the_sync_method_decides_what_is_detected(self, editor, shop):
        editor.put(f"/api/sources/{shop['id']}", json={"sync_method": "full_refresh"})

        modes = {t["detected_sync"] for t in discover(editor, shop).values()}
        assert modes == {"full_refresh"}

    def test_the_database_of_mysql_is_its_tables_schema(self, editor, mariadb_db):
        mariadb_db.execute(
            "CREATE TABLE orders (id int AUTO_INCREMENT PRIMARY KEY, updated_at datetime(6))"
        )
        made = post_source(editor, connection_body(mariadb_db.spec, "Maria"))

        tables = discover(editor, made)

        assert {*tables} == {(mariadb_db.name, "orders")}
        assert tables[mariadb_db.name, "orders"]["detected_sync"] == "incremental"


class TestSelection:
    def test_makes_a_pipeline_on_the_default_destination(self, editor, shop, warehouse):
        discover(editor, shop)

        answer = select(
            editor,
            shop,
            [
                {
                    "name": "orders",
                    "schema": "public",
                    "sync_mode": "incremental",
                    "load_mode": "direct",
                    "enabled": True,
                },
                {"name": "users", "load_mode": "raw", "enabled": False},
            ],
        )

        assert answer.status_code == 200, answer.text
        data = answer.json()["data"]
        assert (data["pipeline_name"], data["schedule"]) == ("arus-Shop", "*/5 * * * *")
        assert (data["source_id"], data["destination_id"]) == (shop["id"], warehouse["id"])
        orders, users = data["tables"]
        assert (orders["schema"], orders["watermark_column"]) == ("public", "updated_at")
        assert (orders["target_schema"], orders["target_table"]) == ("analytics", "orders")
        assert (users["sync_mode"], users["load_mode"]) == ("full_refresh", "raw")
        assert users["enabled"] is False

    def test_twice_changes_nothing(self, editor, shop, warehouse):
        tables = [{"name": "users"}, {"name": "orders", "schema": "public"}]

        first, second = select(editor, shop, tables), select(editor, shop, tables)

        assert first.status_code == 200 and first.json() == second.json()

    def test_looks_at_the_source_for_tables_not_known_yet(self, editor, shop, warehouse):
        assert select(editor, shop, [{"name": "users"}]).status_code == 200

    def test_is_shown_by_counts_and_discovery(self, editor, shop, warehouse):
        select(editor, shop, [{"name": "users"}, {"name": "audit_log", "enabled": False}])

        shown = editor.get(f"/api/sources/{shop['id']}").json()["data"]
        assert (shown["table_count"], shown["enabled_table_count"]) == (5, 1)
        enabled = {key for key, table in discover(editor, shop).items() if table["enabled"]}
        assert enabled == {("public", "users")}

    def test_the_list_is_the_whole_selection(self, editor, shop, warehouse):
        select(editor, shop, [{"name": "users"}, {"name": "audit_log"}])

        data = select(editor, shop, [{"name": "audit_log"}]).json()["data"]

        assert [t["name"] for t in data["tables"]] == ["audit_log"]

    def test_without_a_default_destination_is_409_and_says_what_to_do(self, editor, shop):
        answer = select(editor, shop, [{"name": "users"}])

        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "CONFLICT")
        assert "default destination" in answer.json()["error"]["message"]

    def test_unknown_tables_are_all_named(self, editor, shop, warehouse):
        answer = select(editor, shop, [{"name": "nope"}, {"name": "users"}, {"name": "neither"}])

        assert answer.status_code == 422
        assert "nope, neither" in answer.json()["error"]["message"]
        assert fields_of(answer) == ["tables"]
        shown = editor.get(f"/api/sources/{shop['id']}").json()["data"]
        assert shown["enabled_table_count"] == shown["table_count"], "no pipeline was made"

    def test_tables_that_patterns_leave_out_are_unknown(self, editor, shop, warehouse):
        discover(editor, shop)
        editor.put(f"/api/sources/{shop['id']}", json={"table_exclude": ["-users"]})

        answer = select(editor, shop, [{"name": "users"}])

        assert answer.status_code == 422 and "users" in answer.json()["error"]["message"]

    def test_an_ambiguous_name_asks_for_the_schema(self, editor, shop, warehouse):
        answer = select(editor, shop, [{"name": "users"}, {"name": "orders"}])

        assert answer.status_code == 422
        assert fields_of(answer) == ["tables.1.schema"]
        assert "archive, public" in answer.json()["error"]["message"]

    @pytest.mark.parametrize(
        ("values", "field"),
        [
            ({"sync_mode": "incremental", "watermark_column": None}, "tables.0.watermark_column"),
            ({"watermark_column": "nowhere"}, "tables.0.watermark_column"),
            ({"primary_key": ["nowhere"]}, "tables.0.primary_key"),
            ({"sync_mode": "sometimes"}, "tables.0.sync_mode"),
            ({"row_filter": "no such syntax ("}, "tables.0.row_filter"),
            ({"row_filter": "nowhere = 1"}, "tables.0.row_filter"),
        ],
    )
    def test_a_table_that_can_not_be_synced_so_names_its_field(
        self, editor, shop, warehouse, values, field
    ):
        answer = select(editor, shop, [{"name": "users", **values}])

        assert answer.status_code == 422, answer.text
        assert fields_of(answer) == [field]

    def test_a_filter_the_source_accepts_is_kept(self, editor, shop, warehouse):
        answer = select(editor, shop, [{"name": "users", "row_filter": "email <> ''"}])

        assert answer.json()["data"]["tables"][0]["row_filter"] == "email <> ''"

    def test_a_source_in_use_can_not_be_deleted(self, editor, shop, warehouse):
        select(editor, shop, [{"name": "users"}])

        for path in (f"/api/sources/{shop['id']}", f"/api/destinations/{warehouse['id']}"):
            answer = editor.delete(path)
            assert answer.status_code == 409
            assert "arus-Shop" in answer.json()["error"]["message"]

    def test_an_unreachable_source_with_unknown_tables_is_502(self, editor, warehouse):
        made = post_source(editor, REFERENCE | {"host": "127.0.0.1", "port": 9})

        answer = select(editor, made, [{"name": "orders"}])

        assert (answer.status_code, answer.json()["error"]["code"]) == (502, "CONNECTION_FAILED")
