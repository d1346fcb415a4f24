"""``kuwei-node enrol`` as an operator types it, before a real hub."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import federation_lab as lab
import pytest
from pace import PATIENCE_S, wait_until
from process_lab import PROGRAM

from kuwei_node.uplink.adapters.identity import IdentityFolder

pytestmark = pytest.mark.federation


@dataclass
class Operator:
    """Types the verb in a folder; what it says goes to a file."""

    folder: Path
    token: Path
    typed: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def enrol(self, *options: str) -> None:
        environment = {
            "KUWEI_MODE": "development",
            "KUWEI_DATABASE_URL": "postgresql+psycopg2://nobody@127.0.0.1:1/none",
            "KUWEI_DATA_DIR": str(self.folder),
        }
        command = ["enrol", "--token-file", str(self.token), "--every-s", "0.05"]
        with (self.folder / "said").open("wb") as said:
            typed = subprocess.Popen(  # noqa: S603  # our own program
                [str(PROGRAM), *command, *options],
                env=os.environ | environment,  # noqa: TID251  # passed on
                stdout=said,
                stderr=subprocess.STDOUT,
            )
        self.typed.append(typed)

    def said(self) -> str:
        return (self.folder / "said").read_text()

    def hears(self, words: str) -> None:
        """Wait until the verb has said something; it must not end before."""
        wait_until(lambda: words in self.said() or self.has_ended(), words)
        assert words in self.said()

    def has_ended(self) -> bool:
        return self.typed[-1].poll() is not None

    def status(self) -> int:
        return self.typed[-1].wait(PATIENCE_S)

    @property
    def identity(self) -> IdentityFolder:
        return IdentityFolder(self.folder / "identity")


@pytest.fixture
def operator(province: lab.Province, folder: Path) -> Iterator[Operator]:
    """An operator with the token file of an expected node."""
    province.expect()
    (folder / "node").mkdir()
    token = folder / "token.json"
    token.write_text(province.token())
    found = Operator(folder / "node", token)
    yield found
    for typed in found.typed:
        typed.kill()
        typed.wait()


def test_the_words_are_shown_and_approval_is_waited_for(
    province: lab.Province, operator: Operator
) -> None:
    operator.enrol()
    operator.hears("请与省级电话核对六个词:")
    was_member = operator.identity.is_enrolled

    province.approve()

    assert operator.status() == 0
    assert "已入网:spiffe://fiscal.gx/node/450102000" in operator.said()
    assert not was_member
    assert operator.identity.read().node_code == lab.CODE


def test_a_hub_that_restarts_does_not_end_the_waiting(
    province: lab.Province, operator: Operator
) -> None:
    operator.enrol()
    operator.hears("六个词")
    province.stop()
    operator.hears("rpc.unreachable:")

    province.start()
    province.approve()

    assert operator.status() == 0
    assert operator.identity.is_enrolled


def test_who_waited_in_vain_goes_on_with_the_same_application(
    province: lab.Province, operator: Operator
) -> None:
    operator.enrol("--wait-s", "0")
    in_vain, first = operator.status(), operator.said()
    province.approve()

    operator.enrol("--wait-s", "0")

    assert in_vain == 1
    assert "enrolment.waiting:尚未批准" in first
    assert operator.status() == 0
    assert first.splitlines()[0] == operator.said().splitlines()[0]


def test_a_refused_application_ends_the_verb_with_what_to_do(
    province: lab.Province, operator: Operator
) -> None:
    operator.enrol()
    operator.hears("六个词")

    with province.hub.unit_of_work.begin() as session:
        province.hub.enrolment.refuse(session, lab.CODE, by="复核岗", reason="演练")

    assert operator.status() == 1
    assert "enrolment.refused:入网申请被退回,请联系省级。" in operator.said()
    assert not operator.identity.is_enrolled


Spoil = Callable[[dict[str, str]], object]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda token: token.pop("secret"), "token.malformed:"),
        (lambda token: token.update(secret="AAAA"), "token.forged:"),
        (lambda token: token.update(enrol_address="127.0.0.1:1"), "rpc.unreachable:"),
    ],
)
def test_a_token_that_leads_nowhere_is_said_at_once(
    operator: Operator, spoil: Spoil, said: str
) -> None:
    token = json.loads(operator.token.read_text())
    spoil(token)
    operator.token.write_text(json.dumps(token))

    operator.enrol()

    assert operator.status() == 1
    assert operator.said().startswith(said)
    assert not operator.identity.is_enrolled
