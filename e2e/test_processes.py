"""How `flotilla run` starts, ends, and refuses to start: seen from the shell."""

import fcntl
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from e2e.harness.processes import FLOTILLA, environment, free_port, processes_of
from e2e.harness.product import Product
from e2e.harness.servers import embedded_postgres
from e2e.harness.waiting import eventually

Start = Callable[..., Product]


def test_sigterm_and_ctrl_c_end_it_cleanly_and_it_is_soon_back(start_product: Start) -> None:
    first = start_product()
    programs = {process.cmdline()[-1] for process in processes_of(first.data) if process.cmdline()}
    assert {"api", "engine", "practice"} <= programs
    _ends_cleanly(first, signal.SIGTERM)

    again = start_product()
    assert again.ready_after < 10
    _ends_cleanly(again, signal.SIGINT)


def test_ctrl_c_while_it_starts_ends_it_too(folder: Path) -> None:
    product = Product(folder / "var")
    product.launch()
    eventually(lambda: (product.data / "postgres" / "postmaster.pid").exists(), "PostgreSQL starts")
    product.stop()
    assert "Traceback" not in product.output


def test_nothing_is_left_of_it_when_the_supervisor_is_killed_while_it_starts(folder: Path) -> None:
    product = Product(folder / "var")
    product.launch()
    eventually(lambda: (product.data / "postgres" / "postmaster.pid").exists(), "PostgreSQL starts")
    product.process.kill()
    eventually(lambda: not processes_of(product.data), "all of its processes have ended", seconds=30)
    product.discard()


def test_its_programs_end_when_the_supervisor_is_killed(start_product: Start) -> None:
    product = start_product()
    programs = processes_of(product.data)
    product.process.kill()
    _, alive = psutil.wait_procs(programs, timeout=20)
    assert not alive
    assert not product.discard()
    start_product()  # neither a lock nor a stale PostgreSQL is in the way


def test_database_url_replaces_the_embedded_postgresql(start_product: Start, folder: Path) -> None:
    with embedded_postgres(folder / "elsewhere") as address:
        product = start_product(DATABASE_URL=address)
        eventually(lambda: len(product.bots()) == 3, "the example bots are there")
        product.stop()
    assert not (product.data / "postgres").exists()


def test_it_serves_at_the_address_it_is_given(start_product: Start) -> None:
    product = start_product(HOST="127.0.0.2")
    assert product.get("health")["status"] == "ok"


@pytest.mark.parametrize("name", ["my data", "R&D"])
def test_neither_a_folders_name_nor_a_foreign_lock_is_in_the_way(
    start_product: Start, folder: Path, name: str
) -> None:
    with (folder / ".lockfile").open("w") as lock:  # what the embedded PostgreSQL's wheel would wait for
        fcntl.lockf(lock, fcntl.LOCK_EX)
        start_product(folder / name, TMPDIR=str(folder))


# --- what keeps it from starting: one sentence, and exit status 1 ---------------------------------


@pytest.mark.parametrize("variable", ["PORT", "FLOTILLA_PRACTICE_PORT"])
def test_a_taken_port(folder: Path, variable: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        sentence = _refusal(folder / "var", **{variable: port})
    assert port in sentence
    assert f"choose another with {variable}" in sentence


@pytest.mark.parametrize("port", ["eighty", "0", "70000"])
def test_a_port_that_is_none(folder: Path, port: str) -> None:
    assert _refusal(folder / "var", PORT=port).startswith("PORT is not usable")


def test_a_data_folder_that_is_a_file(folder: Path) -> None:
    file = folder / "var"
    file.touch()
    sentence = _refusal(file)
    assert str(file) in sentence
    assert "FLOTILLA_DATA" in sentence


def test_a_broken_data_folder(folder: Path) -> None:
    broken = folder / "var" / "postgres"
    broken.mkdir(parents=True)
    (broken / "PG_VERSION").write_text("9.6\n")
    assert str(broken) in _refusal(folder / "var")


def test_a_second_flotilla_on_the_same_folder(product: Product) -> None:
    assert "Another Flotilla runs on the data folder" in _refusal(product.data)
    assert product.process.poll() is None


def test_bars_that_are_not_there(folder: Path) -> None:
    bars = folder / "bars"
    assert str(bars) in _refusal(folder / "var", FLOTILLA_PRACTICE_BARS=str(bars))


def test_a_speed_that_is_none(folder: Path) -> None:
    assert "speed" in _refusal(folder / "var", FLOTILLA_PRACTICE_SPEED="fast")


@pytest.mark.parametrize(
    "address", ["postgresql://127.0.0.1:1/flotilla", "mysql://127.0.0.1/flotilla", "nonsense"]
)
def test_a_database_that_does_not_answer(folder: Path, address: str) -> None:
    assert "DATABASE_URL" in _refusal(folder / "var", DATABASE_URL=address)


def _refusal(data: Path, **settings: str) -> str:
    """The one sentence with which `flotilla run` gives up."""
    ports = {"PORT": str(free_port()), "FLOTILLA_PRACTICE_PORT": str(free_port())}
    ended = subprocess.run(
        [FLOTILLA, "run"],
        env=environment(**{"FLOTILLA_DATA": str(data), **ports, **settings}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1, ended
    assert not ended.stdout
    said = ended.stderr.splitlines()
    assert len(said) == 1, said
    return said[0]


def _ends_cleanly(product: Product, number: signal.Signals) -> None:
    product.stop(number)
    assert product.output.endswith("Flotilla is stopping.\n")
    assert "Traceback" not in product.report()
    assert '"level": "error"' not in product.report()
