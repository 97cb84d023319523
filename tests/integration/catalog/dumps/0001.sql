-- A catalog at revision 0001, as pg_dump --column-inserts --no-owner --no-privileges writes it,
-- without comments and settings. Secrets are under the key of test_upgrades.py.
CREATE SCHEMA arus_config;
CREATE TABLE arus_config.alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE arus_config.definitions_version (
    id integer NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT ck_definitions_version_one_row CHECK ((id = 1))
);
CREATE TABLE arus_config.destinations (
    id uuid NOT NULL,
    name character varying(200) NOT NULL,
    slug character varying(63) NOT NULL,
    type character varying(20) NOT NULL,
    host character varying(255) NOT NULL,
    port integer NOT NULL,
    database character varying(255) NOT NULL,
    username character varying(255) NOT NULL,
    secrets bytea NOT NULL,
    ssl_mode character varying(20) DEFAULT 'prefer'::character varying NOT NULL,
    ssl_ca text,
    ssl_cert text,
    raw_schema character varying(63) DEFAULT 'staging'::character varying NOT NULL,
    target_schema character varying(63) DEFAULT 'analytics'::character varying NOT NULL,
    is_default boolean DEFAULT false NOT NULL,
    status character varying(20) DEFAULT 'registered'::character varying NOT NULL,
    last_tested timestamp with time zone,
    last_error text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE arus_config.idempotency_keys (
    user_id uuid NOT NULL,
    key character varying(255) NOT NULL,
    fingerprint character varying(64) NOT NULL,
    status integer,
    response json,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE arus_config.notification_deliveries (
    id uuid NOT NULL,
    target_id uuid NOT NULL,
    event_key character varying(300) NOT NULL,
    event character varying(30) NOT NULL,
    payload jsonb NOT NULL,
    status character varying(20) DEFAULT 'pending'::character varying NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    next_attempt_at timestamp with time zone,
    last_error text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    sent_at timestamp with time zone
);
CREATE TABLE arus_config.notification_links (
    id uuid NOT NULL,
    pipeline_id uuid NOT NULL,
    target_id uuid NOT NULL,
    events jsonb NOT NULL,
    active boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE arus_config.notification_targets (
    id uuid NOT NULL,
    name character varying(200) NOT NULL,
    type character varying(20) NOT NULL,
    config bytea NOT NULL,
    active boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE arus_config.pipeline_tables (
    id uuid NOT NULL,
    pipeline_id uuid NOT NULL,
    destination_id uuid NOT NULL,
    "position" integer NOT NULL,
    schema character varying(255) NOT NULL,
    name character varying(255) NOT NULL,
    target_schema character varying(63) NOT NULL,
    target_table character varying(63) NOT NULL,
    raw_schema character varying(63) NOT NULL,
    raw_table character varying(63) NOT NULL,
    sync_mode character varying(20) NOT NULL,
    load_mode character varying(20) NOT NULL,
    primary_key jsonb DEFAULT '[]'::jsonb NOT NULL,
    watermark_column character varying(255),
    lookback_seconds integer,
    soft_delete_column character varying(255),
    soft_delete character varying(20) DEFAULT 'remove'::character varying NOT NULL,
    delete_detection character varying(20) DEFAULT 'none'::character varying NOT NULL,
    row_filter text,
    tinyint1_as_bool boolean DEFAULT false NOT NULL,
    enabled boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE arus_config.pipelines (
    id uuid NOT NULL,
    name character varying(200) NOT NULL,
    slug character varying(63) NOT NULL,
    description text,
    source_id uuid NOT NULL,
    destination_id uuid NOT NULL,
    schedule character varying(200),
    timezone character varying(64),
    target_schema character varying(63) NOT NULL,
    load_mode character varying(20) DEFAULT 'direct'::character varying NOT NULL,
    depends_on uuid,
    max_retries integer,
    initial_backoff integer,
    timeout_seconds integer,
    from_selection boolean DEFAULT false NOT NULL,
    rows_synced_before bigint DEFAULT '0'::bigint NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE arus_config.settings (
    key character varying(100) NOT NULL,
    value text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE arus_config.source_tables (
    source_id uuid NOT NULL,
    schema character varying(255) NOT NULL,
    name character varying(255) NOT NULL,
    shape jsonb NOT NULL,
    discovered_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE arus_config.sources (
    id uuid NOT NULL,
    name character varying(200) NOT NULL,
    slug character varying(63) NOT NULL,
    type character varying(20) NOT NULL,
    host character varying(255) NOT NULL,
    port integer NOT NULL,
    database character varying(255) NOT NULL,
    username character varying(255) NOT NULL,
    secrets bytea NOT NULL,
    ssl_mode character varying(20) DEFAULT 'prefer'::character varying NOT NULL,
    ssl_ca text,
    ssl_cert text,
    sync_method character varying(20) DEFAULT 'auto'::character varying NOT NULL,
    table_include jsonb DEFAULT '[]'::jsonb NOT NULL,
    table_exclude jsonb DEFAULT '[]'::jsonb NOT NULL,
    schema_include jsonb DEFAULT '[]'::jsonb NOT NULL,
    status character varying(20) DEFAULT 'registered'::character varying NOT NULL,
    last_tested timestamp with time zone,
    last_error text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE arus_config.table_drifts (
    id uuid NOT NULL,
    run_id character varying(36) NOT NULL,
    pipeline_id uuid NOT NULL,
    table_id uuid NOT NULL,
    table_name character varying(511) NOT NULL,
    kind character varying(30) NOT NULL,
    "column" character varying(255),
    before text,
    after text,
    message text NOT NULL,
    detected_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE arus_config.table_results (
    run_id character varying(36) NOT NULL,
    table_id uuid NOT NULL,
    pipeline_id uuid NOT NULL,
    table_name character varying(511) NOT NULL,
    rows_extracted bigint DEFAULT '0'::bigint NOT NULL,
    rows_loaded_raw bigint DEFAULT '0'::bigint NOT NULL,
    rows_loaded bigint DEFAULT '0'::bigint NOT NULL,
    rows_deleted bigint DEFAULT '0'::bigint NOT NULL,
    rows_dropped bigint DEFAULT '0'::bigint NOT NULL,
    rows_failed bigint DEFAULT '0'::bigint NOT NULL,
    rows_removed bigint DEFAULT '0'::bigint NOT NULL,
    row_count bigint,
    bytes bigint DEFAULT '0'::bigint NOT NULL,
    duration_ms bigint DEFAULT '0'::bigint NOT NULL,
    watermark_before text,
    watermark_after text,
    "full" boolean DEFAULT false NOT NULL,
    warnings jsonb DEFAULT '{}'::jsonb NOT NULL,
    checks jsonb DEFAULT '[]'::jsonb NOT NULL,
    error_message text,
    finished_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE arus_config.transform_scripts (
    id uuid NOT NULL,
    pipeline_id uuid NOT NULL,
    sequence integer NOT NULL,
    name character varying(200) NOT NULL,
    description text,
    content text NOT NULL,
    "table" character varying(255),
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);
ALTER TABLE arus_config.transform_scripts ALTER COLUMN sequence ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME arus_config.transform_scripts_sequence_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE arus_config.users (
    id uuid NOT NULL,
    email character varying(320) NOT NULL,
    name character varying(200) NOT NULL,
    password_hash character varying(500) NOT NULL,
    role character varying(20) NOT NULL,
    is_active boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);
INSERT INTO arus_config.alembic_version (version_num) VALUES ('0001');
INSERT INTO arus_config.definitions_version (id, version) VALUES (1, 41);
INSERT INTO arus_config.destinations (id, name, slug, type, host, port, database, username, secrets, ssl_mode, ssl_ca, ssl_cert, raw_schema, target_schema, is_default, status, last_tested, last_error, created_at, updated_at) VALUES ('00000000-0000-0000-0000-000000000003', 'Warehouse', 'warehouse', 'postgresql', 'dwh.example.com', 5432, 'dwh', 'arus', '\x6741414141414272427a6565776d7475337465476c6877644976467a56665a37332d4439774567786147656e685f78436473456a69612d764638624c6a6d61685a4e555679374c77466e4141506d566578514f50395376535a70324f42316349444d436130447074616c5a486d3469366450747230486e565a37336a33746a6d494d726135754e304a534b73', 'prefer', NULL, NULL, 'staging', 'analytics', true, 'registered', NULL, NULL, '2026-11-25 16:01:42.506787-03:30', '2026-11-25 16:01:42.506787-03:30');
INSERT INTO arus_config.notification_deliveries (id, target_id, event_key, event, payload, status, attempts, next_attempt_at, last_error, created_at, sent_at) VALUES ('00000000-0000-0000-0000-00000000000a', '00000000-0000-0000-0000-000000000008', 'run:1:failure', 'failure', '{"title": "t"}', 'sent', 1, NULL, NULL, '2026-11-25 16:01:42.506787-03:30', NULL);
INSERT INTO arus_config.notification_links (id, pipeline_id, target_id, events, active, created_at, updated_at) VALUES ('00000000-0000-0000-0000-000000000009', '00000000-0000-0000-0000-000000000004', '00000000-0000-0000-0000-000000000008', '["failure", "schema_drift"]', false, '2026-11-25 16:01:42.506787-03:30', '2026-11-25 16:01:42.506787-03:30');
INSERT INTO arus_config.notification_targets (id, name, type, config, active, created_at, updated_at) VALUES ('00000000-0000-0000-0000-000000000008', 'Team', 'webhook', '\x6741414141414272427a656571436954394e627878356164463474384d742d44464e665475514b50444256355f50444b6c6d68437a55786748504b4334314f6e3876646a70776d3862574746486e78696c706a4246566f3749465553716c6f6a5851427479786e593475347a5a6a494853304e7a7a5468514c794a6f485f6a72387650714d6a4d4e7a447442', true, '2026-11-25 16:01:42.506787-03:30', '2026-11-25 16:01:42.506787-03:30');
INSERT INTO arus_config.pipeline_tables (id, pipeline_id, destination_id, "position", schema, name, target_schema, target_table, raw_schema, raw_table, sync_mode, load_mode, primary_key, watermark_column, lookback_seconds, soft_delete_column, soft_delete, delete_detection, row_filter, tinyint1_as_bool, enabled, created_at, updated_at) VALUES ('00000000-0000-0000-0000-000000000006', '00000000-0000-0000-0000-000000000004', '00000000-0000-0000-0000-000000000003', 0, 'shop', 'orders', 'analytics', 'orders', 'staging', 'shop_ile_orders_raw', 'incremental', 'raw', '["id"]', 'updated_at', 300, 'deleted_at', 'keep', 'keys', 'id > 5 AND name <> ''x''', true, true, '2026-11-25 16:01:42.506787-03:30', '2026-11-25 16:01:42.506787-03:30');
INSERT INTO arus_config.pipelines (id, name, slug, description, source_id, destination_id, schedule, timezone, target_schema, load_mode, depends_on, max_retries, initial_backoff, timeout_seconds, from_selection, rows_synced_before, created_at, updated_at) VALUES ('00000000-0000-0000-0000-000000000004', 'Orders', 'orders', 'Two
lines', '00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-000000000003', '*/5 * * * *', 'Europe/Paris', 'analytics', 'direct', NULL, 0, 7, 60, true, 123456789012, '2026-11-25 16:01:42.506787-03:30', '2026-11-25 16:01:42.506787-03:30');
INSERT INTO arus_config.pipelines (id, name, slug, description, source_id, destination_id, schedule, timezone, target_schema, load_mode, depends_on, max_retries, initial_backoff, timeout_seconds, from_selection, rows_synced_before, created_at, updated_at) VALUES ('00000000-0000-0000-0000-000000000005', 'After', 'after', NULL, '00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-000000000003', NULL, NULL, 'other', 'direct', '00000000-0000-0000-0000-000000000004', NULL, NULL, NULL, false, 0, '2026-11-25 16:01:42.506787-03:30', '2026-11-25 16:01:42.506787-03:30');
INSERT INTO arus_config.settings (key, value, created_at, updated_at) VALUES ('timezone', 'Asia/Tokyo', '2026-11-25 16:01:42.506787-03:30', '2026-11-25 16:01:42.506787-03:30');
INSERT INTO arus_config.source_tables (source_id, schema, name, shape, discovered_at) VALUES ('00000000-0000-0000-0000-000000000002', 'shop', 'orders', '{"kind": "table", "columns": [{"name": "id", "loose": false, "comment": null, "nullable": false, "generated": false, "attributes": {}, "source_type": "int(11)", "target_type": "integer", "key_position": 1}, {"name": "updated_at", "loose": false, "comment": "when", "nullable": false, "generated": false, "attributes": {}, "source_type": "datetime(6)", "target_type": "timestamp(6) without time zone", "key_position": null}], "comment": null, "row_count_estimate": 10}', '2026-11-25 16:01:42.506787-03:30');
INSERT INTO arus_config.sources (id, name, slug, type, host, port, database, username, secrets, ssl_mode, ssl_ca, ssl_cert, sync_method, table_include, table_exclude, schema_include, status, last_tested, last_error, created_at, updated_at) VALUES ('00000000-0000-0000-0000-000000000002', 'Shop – Île', 'shop_ile', 'mysql', 'db.example.com', 3306, 'shop', 'reader', '\x6741414141414272427a65656f66495365764443476461612d555f4c6c4e644b58594b684964303569326b776449355f7558336d53473836796b6756644b4f71524778384135386e787737503470534d526d326842414a4830554d707245796d7878676938306b516d747867525a477736676c57576b6f3d', 'verify-full', '-----BEGIN CERTIFICATE-----
MIIB
', NULL, 'auto', '["orders*"]', '["tmp_*"]', '[]', 'connected', NULL, NULL, '2026-11-25 16:01:42.506787-03:30', '2026-11-25 16:01:42.506787-03:30');
INSERT INTO arus_config.table_drifts (id, run_id, pipeline_id, table_id, table_name, kind, "column", before, after, message, detected_at) VALUES ('00000000-0000-0000-0000-00000000000c', '00000000-0000-0000-0000-00000000000b', '00000000-0000-0000-0000-000000000004', '00000000-0000-0000-0000-000000000006', 'shop.orders', 'column_added', 'note', NULL, 'text', 'm', '2026-11-25 16:01:42.506787-03:30');
INSERT INTO arus_config.table_results (run_id, table_id, pipeline_id, table_name, rows_extracted, rows_loaded_raw, rows_loaded, rows_deleted, rows_dropped, rows_failed, rows_removed, row_count, bytes, duration_ms, watermark_before, watermark_after, "full", warnings, checks, error_message, finished_at) VALUES ('00000000-0000-0000-0000-00000000000b', '00000000-0000-0000-0000-000000000006', '00000000-0000-0000-0000-000000000004', 'shop.orders', 5, 5, 5, 0, 0, 0, 0, 5, 99, 12, NULL, '2026-01-31 12:00:00.000001', false, '{"zero_date": 1}', '[]', NULL, '2026-11-25 16:01:42.506787-03:30');
INSERT INTO arus_config.transform_scripts (id, pipeline_id, sequence, name, description, content, "table", created_at, updated_at) VALUES ('00000000-0000-0000-0000-000000000007', '00000000-0000-0000-0000-000000000004', 1, 'clean', NULL, 'def transform(row):
    return row
', 'orders', '2026-11-25 16:01:42.506787-03:30', '2026-11-25 16:01:42.506787-03:30');
INSERT INTO arus_config.users (id, email, name, password_hash, role, is_active, created_at, updated_at) VALUES ('00000000-0000-0000-0000-000000000001', 'ana@example.com', 'Ana', '$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$aGFzaA', 'admin', true, '2026-11-25 16:01:42.506787-03:30', '2026-11-25 16:01:42.506787-03:30');
SELECT pg_catalog.setval('arus_config.transform_scripts_sequence_seq', 1, true);
ALTER TABLE ONLY arus_config.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY arus_config.definitions_version
    ADD CONSTRAINT pk_definitions_version PRIMARY KEY (id);
ALTER TABLE ONLY arus_config.destinations
    ADD CONSTRAINT pk_destinations PRIMARY KEY (id);
ALTER TABLE ONLY arus_config.idempotency_keys
    ADD CONSTRAINT pk_idempotency_keys PRIMARY KEY (user_id, key);
ALTER TABLE ONLY arus_config.notification_deliveries
    ADD CONSTRAINT pk_notification_deliveries PRIMARY KEY (id);
ALTER TABLE ONLY arus_config.notification_links
    ADD CONSTRAINT pk_notification_links PRIMARY KEY (id);
ALTER TABLE ONLY arus_config.notification_targets
    ADD CONSTRAINT pk_notification_targets PRIMARY KEY (id);
ALTER TABLE ONLY arus_config.pipeline_tables
    ADD CONSTRAINT pk_pipeline_tables PRIMARY KEY (id);
ALTER TABLE ONLY arus_config.pipelines
    ADD CONSTRAINT pk_pipelines PRIMARY KEY (id);
ALTER TABLE ONLY arus_config.settings
    ADD CONSTRAINT pk_settings PRIMARY KEY (key);
ALTER TABLE ONLY arus_config.source_tables
    ADD CONSTRAINT pk_source_tables PRIMARY KEY (source_id, schema, name);
ALTER TABLE ONLY arus_config.sources
    ADD CONSTRAINT pk_sources PRIMARY KEY (id);
ALTER TABLE ONLY arus_config.table_drifts
    ADD CONSTRAINT pk_table_drifts PRIMARY KEY (id);
ALTER TABLE ONLY arus_config.table_results
    ADD CONSTRAINT pk_table_results PRIMARY KEY (run_id, table_id);
ALTER TABLE ONLY arus_config.transform_scripts
    ADD CONSTRAINT pk_transform_scripts PRIMARY KEY (id);
ALTER TABLE ONLY arus_config.users
    ADD CONSTRAINT pk_users PRIMARY KEY (id);
ALTER TABLE ONLY arus_config.destinations
    ADD CONSTRAINT uq_destinations_slug UNIQUE (slug);
ALTER TABLE ONLY arus_config.notification_deliveries
    ADD CONSTRAINT uq_notification_deliveries_target_id_event_key UNIQUE (target_id, event_key);
ALTER TABLE ONLY arus_config.notification_links
    ADD CONSTRAINT uq_notification_links_pipeline_id_target_id UNIQUE (pipeline_id, target_id);
ALTER TABLE ONLY arus_config.pipeline_tables
    ADD CONSTRAINT uq_pipeline_tables_destination_id_raw_schema_raw_table UNIQUE (destination_id, raw_schema, raw_table);
ALTER TABLE ONLY arus_config.pipeline_tables
    ADD CONSTRAINT uq_pipeline_tables_destination_id_target_schema_target_table UNIQUE (destination_id, target_schema, target_table);
ALTER TABLE ONLY arus_config.pipeline_tables
    ADD CONSTRAINT uq_pipeline_tables_pipeline_id_schema_name UNIQUE (pipeline_id, schema, name);
ALTER TABLE ONLY arus_config.pipelines
    ADD CONSTRAINT uq_pipelines_slug UNIQUE (slug);
ALTER TABLE ONLY arus_config.sources
    ADD CONSTRAINT uq_sources_slug UNIQUE (slug);
ALTER TABLE ONLY arus_config.transform_scripts
    ADD CONSTRAINT uq_transform_scripts_pipeline_id_name UNIQUE (pipeline_id, name);
CREATE INDEX ix_notification_deliveries_due ON arus_config.notification_deliveries USING btree (next_attempt_at) WHERE ((status)::text = 'pending'::text);
CREATE INDEX ix_pipelines_depends_on ON arus_config.pipelines USING btree (depends_on);
CREATE INDEX ix_pipelines_destination_id ON arus_config.pipelines USING btree (destination_id);
CREATE INDEX ix_pipelines_source_id ON arus_config.pipelines USING btree (source_id);
CREATE INDEX ix_table_drifts_pipeline_detected ON arus_config.table_drifts USING btree (pipeline_id, detected_at);
CREATE INDEX ix_table_results_finished ON arus_config.table_results USING btree (finished_at);
CREATE INDEX ix_table_results_pipeline_finished ON arus_config.table_results USING btree (pipeline_id, finished_at);
CREATE INDEX ix_table_results_table_finished ON arus_config.table_results USING btree (table_id, finished_at);
CREATE UNIQUE INDEX uq_destinations_name_lower ON arus_config.destinations USING btree (lower((name)::text));
CREATE UNIQUE INDEX uq_destinations_one_default ON arus_config.destinations USING btree (is_default) WHERE is_default;
CREATE UNIQUE INDEX uq_notification_targets_name_lower ON arus_config.notification_targets USING btree (lower((name)::text));
CREATE UNIQUE INDEX uq_pipelines_name_lower ON arus_config.pipelines USING btree (lower((name)::text));
CREATE UNIQUE INDEX uq_pipelines_one_from_selection ON arus_config.pipelines USING btree (source_id, destination_id) WHERE from_selection;
CREATE UNIQUE INDEX uq_sources_name_lower ON arus_config.sources USING btree (lower((name)::text));
CREATE UNIQUE INDEX uq_users_email_lower ON arus_config.users USING btree (lower((email)::text));
ALTER TABLE ONLY arus_config.notification_deliveries
    ADD CONSTRAINT fk_notification_deliveries_target_id FOREIGN KEY (target_id) REFERENCES arus_config.notification_targets(id) ON DELETE CASCADE;
ALTER TABLE ONLY arus_config.notification_links
    ADD CONSTRAINT fk_notification_links_pipeline_id FOREIGN KEY (pipeline_id) REFERENCES arus_config.pipelines(id) ON DELETE CASCADE;
ALTER TABLE ONLY arus_config.notification_links
    ADD CONSTRAINT fk_notification_links_target_id FOREIGN KEY (target_id) REFERENCES arus_config.notification_targets(id) ON DELETE CASCADE;
ALTER TABLE ONLY arus_config.pipeline_tables
    ADD CONSTRAINT fk_pipeline_tables_destination_id FOREIGN KEY (destination_id) REFERENCES arus_config.destinations(id) ON DELETE RESTRICT;
ALTER TABLE ONLY arus_config.pipeline_tables
    ADD CONSTRAINT fk_pipeline_tables_pipeline_id FOREIGN KEY (pipeline_id) REFERENCES arus_config.pipelines(id) ON DELETE CASCADE;
ALTER TABLE ONLY arus_config.pipelines
    ADD CONSTRAINT fk_pipelines_depends_on FOREIGN KEY (depends_on) REFERENCES arus_config.pipelines(id) ON DELETE RESTRICT;
ALTER TABLE ONLY arus_config.pipelines
    ADD CONSTRAINT fk_pipelines_destination_id FOREIGN KEY (destination_id) REFERENCES arus_config.destinations(id) ON DELETE RESTRICT;
ALTER TABLE ONLY arus_config.pipelines
    ADD CONSTRAINT fk_pipelines_source_id FOREIGN KEY (source_id) REFERENCES arus_config.sources(id) ON DELETE RESTRICT;
ALTER TABLE ONLY arus_config.source_tables
    ADD CONSTRAINT fk_source_tables_source_id FOREIGN KEY (source_id) REFERENCES arus_config.sources(id) ON DELETE CASCADE;
ALTER TABLE ONLY arus_config.table_drifts
    ADD CONSTRAINT fk_table_drifts_pipeline_id FOREIGN KEY (pipeline_id) REFERENCES arus_config.pipelines(id) ON DELETE CASCADE;
ALTER TABLE ONLY arus_config.table_results
    ADD CONSTRAINT fk_table_results_pipeline_id FOREIGN KEY (pipeline_id) REFERENCES arus_config.pipelines(id) ON DELETE CASCADE;
ALTER TABLE ONLY arus_config.transform_scripts
    ADD CONSTRAINT fk_transform_scripts_pipeline_id FOREIGN KEY (pipeline_id) REFERENCES arus_config.pipelines(id) ON DELETE CASCADE;
