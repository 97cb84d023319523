"""``arus migrate`` on an installation that the environment names."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from arus_dagster.crypto import generate_key
from tests.servers import PASSWORD, PostgreSQLServer


def migrate(environment: Mapping[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("arus")
    return subprocess.run(
        [program, "migrate", *options],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )


def test_the_catalog_alone_needs_no_home_of_dagsters(postgres_server: PostgreSQLServer) -> None:
    with postgres_server.database() as database:
        environment = {
            "ARUS_DB_HOST": database.spec.host,
            "ARUS_DB_PORT": str(database.spec.port),
            "ARUS_DB_NAME": database.name,
            "ARUS_DB_USER": database.spec.username,
            "ARUS_DB_PASSWORD": PASSWORD,
            "ARUS_JWT_SECRET": "for-this-test-only-" + "x" * 32,
            "ARUS_ENCRYPTION_KEY": generate_key(),
            "ARUS_ADMIN_EMAIL": "admin@example.com",
            "ARUS_ADMIN_PASSWORD": "a long enough password",
        }

        refused = migrate(environment)
        assert refused.returncode == 1
        assert "DAGSTER_HOME" in refused.stderr and "--catalog-only" in refused.stderr
        assert database.value("SELECT to_regclass('arus_config.users')") is None

        done = migrate(environment, "--catalog-only")
        assert done.returncode == 0, done.stderr
        assert database.value("SELECT count(*) FROM arus_config.users") == 1
        assert database.value("SELECT to_regclass('public.runs')") is None
