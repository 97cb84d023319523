"""The supervisor's promises, on real processes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from arus_dagster.cli.process import Port, Program, StartError, check_port_free, free_port
from arus_dagster.cli.sentinel import group_alive
from arus_dagster.cli.supervisor import Stopped, Supervisor

FOREVER = [sys.executable, "-c", "import time\nwhile True: time.sleep(60)"]
# Starts a child of its own that ignores SIGTERM, then leaves at the first SIGTERM itself.
WITH_STUBBORN_CHILD = textwrap.dedent("""
    import signal, subprocess, sys
    child = subprocess.Popen([sys.executable, "-c",
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\\n"
        "print('up', flush=True)\\n"
        "while True: time.sleep(60)"], stdout=subprocess.PIPE)
    child.stdout.readline()
    print(child.pid, flush=True)
    signal.pause()
""")


def program(tmp_path: Path, argv: list[str], **changes: object) -> Program:
    log = tmp_path / "program.log"
    values: dict[str, object] = {
        "name": "sample",
        "argv": argv,
        "env": dict(os.environ),
        "log": log,
        "ready": lambda: True,
        **changes,
    }
    return Program(**values)  # type: ignore[arg-type]


def wait_until(condition: Callable[[], object]) -> None:
    while not condition():
        time.sleep(0.02)


def test_children_are_gone_after_the_block(tmp_path: Path) -> None:
    with Supervisor(tmp_path) as supervisor:
        [child] = supervisor.start(program(tmp_path, FOREVER))
        assert group_alive(child.process.pid)
    assert not group_alive(child.process.pid)


def test_a_grandchild_that_ignores_the_stop_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "program.log"
    with Supervisor(tmp_path) as supervisor:
        [child] = supervisor.start(
            program(
                tmp_path,
                [sys.executable, "-c", WITH_STUBBORN_CHILD],
                ready=lambda: log.exists() and log.read_text().strip().isdigit(),
            )
        )
        grandchild = int(log.read_text())
        assert os.getpgid(grandchild) == child.process.pid
    assert not group_alive(child.process.pid)


def test_an_error_inside_the_block_stops_the_children(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="boom"), Supervisor(tmp_path) as supervisor:
        [child] = supervisor.start(program(tmp_path, FOREVER))
        raise RuntimeError("boom")
    assert not group_alive(child.process.pid)


def test_a_signal_raises_stopped_and_handlers_are_given_back(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Stopped) as stopped, Supervisor(tmp_path) as supervisor:
        [child] = supervisor.start(program(tmp_path, FOREVER))
        os.kill(os.getpid(), signal.SIGTERM)
        supervisor.wait()
    assert stopped.value.number == signal.SIGTERM
    assert not group_alive(child.process.pid)
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_child_that_ends_early_is_reported_with_its_last_words(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", "print('no such database'); raise SystemExit(3)"]
    with (
        pytest.raises(StartError, match=r"sample ended with exit code 3.*\n.*no such database"),
        Supervisor(tmp_path) as supervisor,
    ):
        supervisor.start(program(tmp_path, argv, ready=lambda: False))


def test_a_child_that_dies_later_is_started_again_in_its_place(tmp_path: Path) -> None:
    told: list[str] = []
    with pytest.raises(Stopped), Supervisor(tmp_path) as supervisor:
        first, other = supervisor.start(program(tmp_path, FOREVER), program(tmp_path, FOREVER))
        first.process.kill()

        def tell(line: str) -> None:
            told.append(line)
            if len(told) == 2:
                os.kill(os.getpid(), signal.SIGTERM)

        def kill_the_next() -> None:
            wait_until(lambda: supervisor.children[0] not in (first, other))
            assert supervisor.children[1] is other
            supervisor.children[0].process.kill()

        threading.Thread(target=kill_the_next).start()
        supervisor.wait(tell, poll_seconds=0.01)
    assert len(told) == 2
    for line in told:
        assert line.startswith("The sample was ended by signal 9. It is started again")


def test_what_is_left_of_a_dead_child_is_ended_before_it_is_started_again(tmp_path: Path) -> None:
    log = tmp_path / "program.log"

    def pids() -> list[int]:
        return [int(line) for line in log.read_text().split()] if log.exists() else []

    with pytest.raises(Stopped), Supervisor(tmp_path) as supervisor:
        argv = [sys.executable, "-c", WITH_STUBBORN_CHILD]
        [child] = supervisor.start(program(tmp_path, argv, ready=lambda: bool(pids())))
        child.process.kill()

        def stop_when_back() -> None:
            wait_until(lambda: len(pids()) == 2)
            os.kill(os.getpid(), signal.SIGTERM)

        threading.Thread(target=stop_when_back).start()
        supervisor.wait(poll_seconds=0.01)
    assert not group_alive(child.process.pid)


def test_a_child_that_keeps_ending_is_given_up_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("arus_dagster.cli.supervisor.RESTARTS", 2)
    argv = [sys.executable, "-c", "import time; time.sleep(0.2); print('out of luck', flush=True)"]
    with (
        pytest.raises(StartError, match=r"(?s)started again 2 times.*out of luck"),
        Supervisor(tmp_path) as supervisor,
    ):
        supervisor.start(program(tmp_path, argv))
        supervisor.wait(poll_seconds=0.01)


def test_not_ready_in_time_names_the_log(tmp_path: Path) -> None:
    with (
        pytest.raises(StartError, match=r"not ready within 0 s.*program\.log"),
        Supervisor(tmp_path) as supervisor,
    ):
        supervisor.start(program(tmp_path, FOREVER, ready=lambda: False, ready_seconds=0.2))


def test_a_taken_port_is_named_with_the_option_that_moves_it(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        number = listener.getsockname()[1]
        with (
            pytest.raises(StartError, match=rf"Port {number}.*sample.*--api-port"),
            Supervisor(tmp_path) as supervisor,
        ):
            supervisor.start(program(tmp_path, FOREVER, ports=[Port(number, "--api-port")]))


def test_a_free_port_passes_the_check() -> None:
    check_port_free(Port(free_port(), "--api-port"), "sample")


def test_a_second_supervisor_on_one_directory_is_refused(tmp_path: Path) -> None:
    with (
        Supervisor(tmp_path),
        pytest.raises(StartError, match=rf"in use by another arus \(process {os.getpid()}\)"),
        Supervisor(tmp_path),
    ):
        pass
    with Supervisor(tmp_path):  # given back
        pass


def test_children_take_the_interrupt_even_where_the_shell_ignores_it(tmp_path: Path) -> None:
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Supervisor(tmp_path) as supervisor:
            [child] = supervisor.start(program(tmp_path, FOREVER, stop_signal=signal.SIGINT))
            ignored = next(
                line
                for line in Path(f"/proc/{child.process.pid}/status").read_text().splitlines()
                if line.startswith("SigIgn:")
            )
            mask = int(ignored.split()[1], 16)
            assert not mask & (1 << (signal.SIGINT - 1))
    finally:
        signal.signal(signal.SIGINT, previous)


def test_a_killed_supervisor_leaves_nothing_and_frees_the_directory(tmp_path: Path) -> None:
    script = textwrap.dedent(f"""
        import os, sys
        from pathlib import Path
        from arus_dagster.cli.process import Program
        from arus_dagster.cli.supervisor import Supervisor
        with Supervisor(Path({str(tmp_path)!r})) as supervisor:
            [child] = supervisor.start(Program(name="sample", argv={FOREVER!r},
                env=dict(os.environ), log=Path({str(tmp_path / "program.log")!r}),
                ready=lambda: True))
            print(child.process.pid, flush=True)
            supervisor.wait()
    """)
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        group = int(parent.stdout.readline())
        assert group_alive(group)
        parent.kill()
    with Supervisor(tmp_path):  # waits until the sentinel has ended what was left
        assert not group_alive(group)


def test_stopping_one_child_leaves_the_others(tmp_path: Path) -> None:
    with Supervisor(tmp_path) as supervisor:
        first, second = supervisor.start(program(tmp_path, FOREVER), program(tmp_path, FOREVER))
        supervisor.stop_one(first)
        assert not group_alive(first.process.pid)
        assert group_alive(second.process.pid)
        supervisor.check()
    assert not group_alive(second.process.pid)
