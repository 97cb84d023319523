"""The private PostgreSQL server of the embedded default.

Owns finding the binaries, making the data directory and describing the server as a program for
the supervisor. Refuses to listen anywhere but on loopback, to trust any connection without a
password, and to relax durability: what a commit promised outlives a crash of the machine.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg2

from arus_dagster.cli.account import (
    may_run,
    reachable_directory,
    unprivileged_account,
)
from arus_dagster.cli.binaries import WHEEL, find_binaries
from arus_dagster.cli.process import Port, Program, StartError

SUPERUSER = "arus"
READY_SECONDS = 120  # crash recovery comes first, and may take a while
STOP_SECONDS = 60  # a fast shutdown writes a checkpoint


class PostgresServer:
    """A cluster in a directory of its own.

    Args:
        directory: where it lives; made when missing.
        port: on 127.0.0.1.
        password: of the superuser ``arus``.
    """

    def __init__(self, directory: Path, port: int, password: str) -> None:
        self.port = port
        self._password = password
        self._account = unprivileged_account()
        self._place = reachable_directory(directory.absolute(), self._account)
        self._data = self._place / "data"

    def prepare(self) -> None:
        """Make the cluster if there is none yet.

        Raises:
            BinariesError: no suitable programs.
            StartError: ``initdb`` failed.
        """
        if (self._data / "PG_VERSION").exists():
            return
        bin_directory = self._binaries()
        # Made beside its final place and moved, so that a half-made cluster is never mistaken
        # for a whole one.
        unfinished = self._place / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        password_file = self._place / "password"
        descriptor = os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write(self._password + "\n")
            if self._account:
                os.chown(password_file, self._account.uid, self._account.gid)
            arguments = [
                str(bin_directory / "initdb"),
                f"--pgdata={unfinished}",
                f"--username={SUPERUSER}",
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--data-checksums",
            ]
            result = self._run([*arguments, "--locale=C.UTF-8"])
            if result.returncode != 0 and "locale" in result.stderr:
                shutil.rmtree(unfinished, ignore_errors=True)
                result = self._run([*arguments, "--locale=C"])
            if result.returncode != 0:
                raise StartError(f"PostgreSQL's initdb failed:\n{result.stderr.strip()}")
        finally:
            password_file.unlink(missing_ok=True)
        unfinished.rename(self._data)

    def program(self, log: Path) -> Program:
        """The server as a program for the supervisor; ``prepare`` comes first.

        Args:
            log: file for the server's messages.

        Raises:
            BinariesError: no programs of the cluster's major version.
        """
        return Program(
            name="PostgreSQL server",
            argv=[
                str(self._binaries() / "postgres"),
                "-D",
                str(self._data),
                *_options(
                    listen_addresses="127.0.0.1",
                    port=str(self.port),
                    # A socket's path may hold 107 bytes, less than some directories' names.
                    unix_socket_directories="",
                    max_connections="200",
                    password_encryption="scram-sha-256",
                    timezone="UTC",
                    log_timezone="UTC",
                ),
            ],
            env=self._environment(),
            log=log,
            ready=self.answers,
            ready_seconds=READY_SECONDS,
            ports=[Port(self.port, "--postgres-port")],
            cwd=self._data,
            account=self._account,
            stop_signal=signal.SIGINT,  # "fast": end the sessions, write a checkpoint, leave
            signal_group=False,
            stop_seconds=STOP_SECONDS,
        )

    def answers(self) -> bool:
        """Whether the server takes a login and runs a query."""
        try:
            connection = self.connect("postgres")
        except psycopg2.OperationalError:
            return False
        connection.close()
        return True

    def connect(self, database: str) -> psycopg2.extensions.connection:
        """A connection as the superuser.

        Raises:
            psycopg2.OperationalError: the server doesn't answer.
        """
        return psycopg2.connect(
            host="127.0.0.1",
            port=self.port,
            user=SUPERUSER,
            password=self._password,
            dbname=database,
            connect_timeout=5,
        )

    def create_database(self, name: str) -> None:
        """Create database ``name`` unless it is there."""
        connection = self.connect("postgres")
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
                if cursor.fetchone() is None:
                    quoted = psycopg2.extensions.quote_ident(name, cursor)
                    cursor.execute(f"CREATE DATABASE {quoted}")
        finally:
            connection.close()

    @staticmethod
    def remove_cluster(directory: Path) -> None:
        """Remove the stopped cluster asked for in ``directory``, wherever it really is."""
        if directory.is_symlink():
            shutil.rmtree(directory.resolve())
            directory.unlink()
        elif directory.exists():
            shutil.rmtree(directory)

    def _binaries(self) -> Path:
        version_file = self._data / "PG_VERSION"
        major = version_file.read_text().strip() if version_file.exists() else None
        found = find_binaries(int(major) if major else None)
        if self._account is None or may_run(found / "postgres", self._account):
            return found
        return self._copy_binaries(found)

    def _copy_binaries(self, found: Path) -> Path:
        """Binaries inside a directory closed to the account, copied to where it may run them."""
        name = found.parent.name
        copy = self._place / "programs" / WHEEL / name
        if not (copy / "bin" / "postgres").exists():
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(found.parent, copy, symlinks=True)
            libraries = found.parent.parent.with_name(f"{WHEEL}.libs")
            if libraries.is_dir():  # found by the programs relative to their own place
                target = self._place / "programs" / libraries.name
                shutil.copytree(libraries, target, dirs_exist_ok=True)
        return copy / "bin"

    def _run(self, argv: list[str]) -> subprocess.CompletedProcess[str]:
        account = self._account
        return subprocess.run(
            argv,
            env=self._environment(),
            cwd=self._place,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )

    def _environment(self) -> dict[str, str]:
        return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}


def _options(**values: str) -> Iterator[str]:
    for name, value in values.items():
        yield "-c"
        yield f"{name}={value}"
