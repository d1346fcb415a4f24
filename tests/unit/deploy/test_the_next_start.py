"""A start that finds what an earlier one left: programs, ports, half-joined nodes."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import embedded
import founding
import pytest
import stack as program
import state
import year
from notebook import Notebook
from pace import PATIENCE_S
from places import PLACES
from ports import SPAN, Ports
from processes import StageFailedError, Supervisor, born_at, listens, wait_for_port
from serving import DEMO, REALM
from state import Stack

from kuwei_node.uplink.adapters.identity import IdentityFolder
from kuwei_node.uplink.domain import Identity
from kuwei_shared.identity.issuer import realm

LOCAL = Path(__file__).parents[3] / "deploy/local"
SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]
HUB = """#!/bin/sh
echo "$@" >> "{folder}/said"
case "$1" in
  pending) cat "{folder}/pending" ;;
  invite) for code in {codes}; do case " $* " in *" $code "*)
    echo '{{"enrol_address": "old:1"}}' > "{folder}/tokens/$code.json" ;;
  esac; done ;;
esac
"""
NODE = """#!/bin/sh
echo '请与省级电话核对六个词'
mkdir -p "$KUWEI_DATA_DIR/identity"
cp "{folder}/identity.json" "$KUWEI_DATA_DIR/identity/identity.json"
"""


@pytest.fixture
def demo(
    postgres: embedded.Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stack]:
    """A demo whose two programs only note what they were told."""
    found = demo_in(tmp_path)
    (tmp_path / "tokens").mkdir()
    (tmp_path / "pending").write_text("共 0 件\n")
    words = {"folder": tmp_path, "codes": " ".join(one.code for one in PLACES)}
    for name, text in (("kuwei-hub", HUB), ("kuwei-node", NODE)):
        (tmp_path / name).write_text(text.format(**words))
        (tmp_path / name).chmod(0o755)
    monkeypatch.setattr(state, "BIN", tmp_path)
    monkeypatch.setattr(founding, "BIN", tmp_path)
    found.postgres = postgres
    enrolled(found, "x", "127.0.0.1:1")
    (tmp_path / "x/identity/identity.json").rename(tmp_path / "identity.json")
    yield found
    found.supervisor.stop()


def demo_in(folder: Path) -> Stack:
    return Stack(
        folder=folder,
        payments=10,
        seed=1,
        ports=Ports.chosen(),
        supervisor=Supervisor(folder),
        notebook=Notebook(folder / "notebook.json"),
    )


def enrolled(demo: Stack, database: str, address: str) -> None:
    IdentityFolder(demo.folder / database / "identity").write(
        Identity(
            node_code="450102000",
            identity="spiffe://kuwei/node/450102000",
            epoch=3,
            grpc_address=address,
            hub_key=bytes(32),
        )
    )


def said(demo: Stack) -> list[str]:
    path = demo.folder / "said"
    return path.read_text().splitlines() if path.exists() else []


def test_all_ports_move_together_when_one_is_taken() -> None:
    usual = Ports.chosen(set[int]().__contains__)

    moved = Ports.chosen({usual.redis, usual.issuer + SPAN}.__contains__)

    step = moved.hub_web - usual.hub_web
    assert step == 2 * SPAN
    assert moved.redis - usual.redis == step
    assert {moved.nodes[code] - port for code, port in usual.nodes.items()} == {step}


def test_a_port_somebody_listens_on_is_taken() -> None:
    port = embedded.free_port()

    with closing(socket.create_server(("127.0.0.1", port))):
        is_taken = listens(port)

    assert is_taken
    assert not listens(port)


def test_no_port_is_given_to_two_programs_at_once() -> None:
    ask = "import embedded; print(embedded.free_port(), flush=True); input()"
    command = [sys.executable, "-c", ask]
    line = subprocess.PIPE

    with subprocess.Popen(  # noqa: S603  # our own program
        command, cwd=LOCAL, stdin=line, stdout=line
    ) as other:
        assert other.stdout is not None
        theirs = int(other.stdout.readline())
        ours = embedded.free_port(), embedded.free_port()
        other.communicate(b"\n")

    assert len({theirs, *ours}) == 3


def test_a_stranger_on_the_port_is_not_taken_for_our_redis(tmp_path: Path) -> None:
    port = embedded.free_port()
    stranger = embedded.redis(tmp_path / "stranger", port)

    with pytest.raises(RuntimeError, match=f"port {port} ended"):
        embedded.redis(tmp_path / "ours", port)

    stranger.stop()


def test_the_demos_addresses_follow_the_ports(tmp_path: Path) -> None:
    usual = Ports.chosen(set[int]().__contains__)
    ports = Ports.chosen({usual.redis}.__contains__)

    demo = tmp_path / "demo.json"
    demo.write_text(ports.moved(DEMO.read_text()))
    moved = realm.read(REALM, demo)

    hub, node = moved.client("hub-web"), moved.client("node-web")
    assert hub is not None
    assert hub.accepts_redirect(f"http://127.0.0.1:{ports.hub_web}/auth/callback")
    assert node is not None
    for port in ports.nodes.values():
        assert node.accepts_redirect(f"http://127.0.0.1:{port}/auth/callback")


def test_two_starts_on_one_folder_are_refused(tmp_path: Path) -> None:
    with (
        program._alone(tmp_path),
        pytest.raises(SystemExit, match="演示已在运行"),
        program._alone(tmp_path),
    ):
        pass


def test_a_server_started_beside_is_ended_by_the_next_start(tmp_path: Path) -> None:
    server = embedded.redis(tmp_path / "redis", embedded.free_port())
    Supervisor(tmp_path).remember(server.process.pid)

    ended = Supervisor(tmp_path).end_leftovers()

    assert ended == 1
    assert server.process.wait(PATIENCE_S) == 0


def test_a_stranger_with_an_old_process_id_is_left_alone(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path)
    stranger = supervisor.start("stranger", SLEEPER, {}).process
    record = {str(stranger.pid): f"{int(born_at(stranger.pid)) - 1}"}
    (tmp_path / "processes.json").write_text(json.dumps(record))

    ended = Supervisor(tmp_path).end_leftovers()

    assert ended == 0
    assert stranger.poll() is None
    supervisor.stop()


def test_a_program_that_ends_is_not_waited_for(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path)
    quick = supervisor.start("quick", [sys.executable, "-c", "exit(4)"], {})

    with pytest.raises(StageFailedError, match="quick ended with status 4"):
        wait_for_port(quick, embedded.free_port())


def test_a_command_that_fails_is_reported_by_its_last_words(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "print('no key'); raise SystemExit(2)"]

    with pytest.raises(StageFailedError, match=r"(?s)failed \(2\).*no key"):
        Supervisor(tmp_path).run("verb", command, {})

    assert "no key" in (tmp_path / "logs/verb.log").read_text()


def test_new_nodes_are_invited_and_those_who_wait_are_approved(demo: Stack) -> None:
    waiting = [place.code for place in PLACES[:2]]
    (demo.folder / "pending").write_text("\n".join(waiting))

    founding.membership(demo)

    invited, listed, approved = said(demo)
    assert all(place.code in invited for place in PLACES)
    assert listed == "pending"
    assert approved.split()[1:3] == waiting
    assert list((demo.folder / "tokens").iterdir()) == []


def test_who_joined_already_is_left_alone(demo: Stack) -> None:
    for place in PLACES:
        enrolled(demo, place.database, demo.hub()["KUWEI_GRPC_ADDRESS"])

    note = founding.membership(demo)

    assert said(demo) == []
    assert "本次 0 个" in note


def test_a_start_cut_off_between_token_and_approval_goes_on(demo: Stack) -> None:
    first, *others = PLACES
    for place in others:
        enrolled(demo, place.database, "127.0.0.1:1")
    token = demo.folder / "tokens" / f"{first.code}.json"
    token.write_text('{"enrol_address": "127.0.0.1:1", "token_id": "kept"}')

    founding.membership(demo)

    assert said(demo) == ["pending"]
    assert demo.identity(first).is_enrolled


def test_nodes_dial_the_hub_of_this_start_and_stay_who_they_are(demo: Stack) -> None:
    for place in PLACES:
        enrolled(demo, place.database, "127.0.0.1:8501")

    founding.membership(demo)

    found = demo.identity(PLACES[0]).read()
    assert found.grpc_address == demo.hub()["KUWEI_GRPC_ADDRESS"]
    assert found.epoch == 3


def test_secrets_outlive_the_start_that_made_them(demo: Stack) -> None:
    before = demo.signing_hub()
    again = demo_in(demo.folder)
    again.postgres = demo.postgres

    after = again.signing_hub()

    for name in ("KUWEI_SESSION_SECRETS", "KUWEI_KEYS_PASSPHRASE"):
        assert before[name] == after[name]
    assert demo.notebook.path.stat().st_mode & 0o077 == 0


def test_tables_are_brought_up_to_date_once_per_revision(demo: Stack) -> None:
    founding.tables(demo)
    again = founding.tables(demo)
    demo.notebook.put("revisions", "older")
    founding.tables(demo)

    assert again == "库表已是最新"
    assert said(demo) == ["migrate", "migrate"]


def test_another_sample_in_the_same_folder_is_refused(demo: Stack) -> None:
    demo.notebook.put("generated", "12000 seed 7")

    with pytest.raises(StageFailedError, match="另一份样本"):
        year.generate(demo)


def test_the_first_failure_of_many_is_the_one_reported(demo: Stack) -> None:
    def fail(place: object) -> None:
        raise StageFailedError(f"{place} is not ready")

    with pytest.raises(StageFailedError, match="is not ready"):
        founding.abreast(fail, demo.places)
