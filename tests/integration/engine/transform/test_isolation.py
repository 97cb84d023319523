"""What a script can't reach: secrets, descriptors, files, network, other processes."""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from arus_dagster.dialects.base import Chunk
from tests.integration.engine.transform.conftest import OpenProcess


def ask(open_process: OpenProcess, question: str) -> str:
    """What an expression is worth inside a worker, or the exception it raises."""
    body = f"""
        import os, resource, socket, subprocess
        def is_open(descriptor):
            try:
                return bool(os.fstat(descriptor))
            except OSError:
                return False
        try:
            answer = eval({question!r}, dict(globals(), **locals()))
        except Exception as error:
            answer = type(error).__name__
        return {{"id": row["id"], "answer": str(answer)}}
    """
    with open_process(body) as process:
        chunk = process.apply(Chunk(b"1\n", 1))
    assert chunk.rejected == ()
    return chunk.data.decode().rstrip("\n").split("\t")[1]


def test_every_layer_of_isolation_is_on_here(open_process: OpenProcess) -> None:
    with open_process("return row") as process:
        assert process.isolation
        assert set(process.isolation.values()) == {"on"}


DEGRADED = """
import json, os, sys
from arus_dagster.engine.transform import sandbox

sandbox._LANDLOCK_CREATE = 99_999
sandbox._REFUSED = {}
print(json.dumps(sandbox.isolate(os.getppid(), 512)))
"""


def test_a_layer_that_the_system_lacks_is_reported_and_the_others_hold() -> None:
    told = subprocess.run(
        [sys.executable, "-c", DEGRADED], capture_output=True, text=True, check=True
    )
    report = json.loads(told.stdout)
    assert "Function not implemented" in report.pop("files")
    assert "no list of system calls" in report.pop("system_calls")
    assert set(report.values()) == {"on"}


def test_the_environment_is_empty(
    open_process: OpenProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARUS_DB_PASSWORD", "hunter2hunter2")
    assert ask(open_process, "dict(os.environ)") == "{}"


def test_no_descriptor_of_the_parent_is_open(open_process: OpenProcess, tmp_path: Path) -> None:
    with (tmp_path / "secret").open("w+") as secret:
        os.set_inheritable(secret.fileno(), True)
        inodes = ask(open_process, "[os.fstat(n).st_ino for n in range(64) if is_open(n)]")
        assert 3 <= len(inodes.split(",")) <= 6
        assert str(os.fstat(secret.fileno()).st_ino) not in inodes


@pytest.mark.parametrize(
    "question",
    [
        "open('/etc/passwd').read()",
        "open('/proc/%d/environ' % os.getppid(), 'rb').read()",
        "open('/proc/self/environ', 'rb').read()",
        "open('/proc/%d/mem' % os.getppid(), 'rb').read(1)",
        "open('/proc/self/mem', 'rb').read(1)",
        "open(PRIVATE).read()",
        "os.listdir('/tmp')",
        "open('/tmp/written', 'w')",
        "socket.create_connection(('127.0.0.1', PORT), 1)",
        "socket.socket()",
        "os.fork()",
        "subprocess.run(['/bin/true'])",
        "os.execv('/bin/true', ['true'])",
        "os.kill(os.getppid(), 0)",
        "resource.setrlimit(resource.RLIMIT_AS, (-1, -1))",
        "__import__('sqlalchemy')",
        "__import__('arus_dagster.settings')",
    ],
)
def test_files_network_processes_and_packages_are_out_of_reach(
    open_process: OpenProcess, tmp_path: Path, question: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        question = question.replace("PORT", str(server.getsockname()[1]))
        private = tmp_path / "arus.env"
        private.write_text("ARUS_DB_PASSWORD=hunter2")
        question = question.replace("PRIVATE", repr(str(private)))
        assert ask(open_process, question) in {
            "PermissionError",
            "BlockingIOError",
            "ModuleNotFoundError",
            "ValueError",
        }


@pytest.mark.parametrize(
    "name", ["re", "hashlib", "zoneinfo", "sqlite3", "unicodedata", "difflib", "email.utils"]
)
def test_the_standard_library_is_at_hand(open_process: OpenProcess, name: str) -> None:
    assert name.split(".")[0] in ask(open_process, f"__import__({name!r})")


def test_time_zones_are_at_hand(open_process: OpenProcess) -> None:
    assert ask(open_process, "__import__('zoneinfo').ZoneInfo('Europe/Rome')") == "Europe/Rome"


def test_prints_of_every_kind_stay_out_of_the_data(
    open_process: OpenProcess, printed: list[str]
) -> None:
    body = """
        import os, sys
        print("hello", row["id"])
        print("to stderr", file=sys.stderr)
        os.write(1, b"raw bytes")
        sys.stdout.write("no newline")
        return row
    """
    with open_process(body) as process:
        chunk = process.apply(Chunk(b"1\n2\n", 2))
        again = process.apply(Chunk(b"3\n", 1))
    assert (chunk.data, again.data) == (b"1\n2\n", b"3\n")
    assert printed == [
        "hello 1",
        "to stderr",
        "no newlinehello 2",
        "to stderr",
        "no newline",
        "hello 3",
        "to stderr",
        "no newline",
    ]


def test_a_flood_of_prints_is_cut_and_counted(
    open_process: OpenProcess, printed: list[str]
) -> None:
    with open_process("print('x' * 10_000)\nreturn row") as process:
        process.apply(Chunk(b"1\n" * 1500, 1500))
    assert len(printed) == 1001
    assert max(map(len, printed)) <= 4001
    assert printed[-1] == "… 500 more printed lines were not kept"


PARENT = """
import time
from arus_dagster.dialects.base import Chunk, Column
from arus_dagster.engine.specs import Script
from arus_dagster.engine.transform.process import TransformProcess

script = Script("s", "import os; print(os.getpid())\\ndef transform(row): return row")
column = Column("a", "text", "text")
with TransformProcess([script], [column], on_print=lambda line: print(line, flush=True)):
    time.sleep(600)
"""


def test_the_worker_ends_with_its_parent_even_when_that_is_killed() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    try:
        watch = os.pidfd_open(int(parent.stdout.readline()))
    finally:
        parent.kill()
        parent.wait()
        parent.stdout.close()
    poll = select.poll()
    poll.register(watch, select.POLLIN)
    ended = poll.poll(30_000)
    os.close(watch)
    assert ended, "the worker outlives its parent"


def test_nothing_is_left_of_a_worker_after_use(
    open_process: OpenProcess, printed: list[str]
) -> None:
    with open_process("import os; print(os.getpid())\nreturn row") as process:
        process.apply(Chunk(b"1\n", 1))
    with pytest.raises(ProcessLookupError):
        os.kill(int(printed[0]), 0)
