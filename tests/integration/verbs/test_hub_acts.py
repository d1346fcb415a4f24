"""What an operator does at the hub's terminal stands in the audit log."""

from __future__ import annotations

import hashlib
import os
import pwd
from pathlib import Path

import catalogue_lab
import embedded
import pytest
from audit_lab import Terminal
from sqlalchemy import create_engine

from kuwei_hub import schema
from kuwei_hub.audit.service import Audit
from kuwei_hub.cli import verbs
from kuwei_shared.kernel.clock import SetClock
from kuwei_shared.kernel.errors import KuweiError

pytestmark = pytest.mark.integration
NAMED = ("--name", "兴宁区", "--level", "county")
COUNTY, CITY = "450102000", "450303000"
PLACES = f"mof_div_code,name,level,opened_on\n{CITY},叠彩区,county,2020-01-01\n"
STOLEN, FOUND = "设备失窃,已报案", "设备已找回,密钥未动"
DRAFTER, APPROVER = "起草岗", "审批岗"


@pytest.fixture(scope="module")
def terminal(
    postgres: embedded.Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Terminal:
    url = postgres.create("hub_acts")
    engine = create_engine(url)
    schema.metadata().create_all(engine)
    engine.dispose()
    found = Terminal(
        verbs=verbs,
        ledger=Audit(clock=SetClock()).ledger,
        settings={
            "KUWEI_MODE": "development",
            "KUWEI_DATABASE_URL": url,
            "KUWEI_DATA_DIR": str(tmp_path_factory.mktemp("hub")),
            "KUWEI_KEYS_PASSPHRASE": "口令",
        },
    )
    places = tmp_path_factory.mktemp("places") / "places.csv"
    places.write_text(PLACES, encoding="utf-8")
    found.do("init-ca")
    found.do("load-territory", places)
    return found


def test_loading_the_territory_is_recorded_with_the_files_digest(
    terminal: Terminal,
) -> None:
    digest = hashlib.sha256(PLACES.encode()).hexdigest()

    assert terminal.acts()[0] == ("登记区划", "财政区划")
    assert terminal.details()[0] == {"count": 1, "sha256": digest}


def test_registering_and_issuing_a_token_are_recorded(terminal: Terminal) -> None:
    terminal.do("register-node", COUNTY, "--name", "兴宁区", "--level", "county")
    terminal.do("issue-token", COUNTY)

    assert terminal.acts()[-2:] == [
        ("登记节点", f"节点 {COUNTY}"),
        ("签发入网令牌", f"节点 {COUNTY}"),
    ]


def test_an_invitation_records_the_node_and_its_token(
    terminal: Terminal, tmp_path: Path
) -> None:
    terminal.do("invite", CITY, "--tokens", tmp_path)

    assert terminal.acts()[-2:] == [
        ("登记节点", f"节点 {CITY}"),
        ("签发入网令牌", f"节点 {CITY}"),
    ]


def test_an_invitation_that_fails_leaves_the_tokens_that_hold(
    terminal: Terminal, tmp_path: Path
) -> None:
    terminal.do("invite", CITY, "--tokens", tmp_path)
    before, file = terminal.acts(), tmp_path / f"{CITY}.json"
    holds = file.read_bytes()

    result = terminal.type("invite", CITY, "450999000", "--tokens", tmp_path)

    assert isinstance(result.exception, KuweiError)
    assert file.read_bytes() == holds
    assert terminal.acts() == before
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("register-node", "45", *NAMED), "node.bad_code"),
        (("register-node", COUNTY, *NAMED), "node.registered"),
        (("issue-token", "450999000"), "node.unknown"),
        (("approve", COUNTY, "--by", "批准岗"), "enrolment.none"),
    ],
)
def test_who_is_not_expected_gets_in_by_no_verb(
    terminal: Terminal, words: tuple[str, ...], code: str
) -> None:
    terminal.type("register-node", COUNTY, *NAMED)
    before = terminal.acts()

    result = terminal.type(*words)

    assert isinstance(result.exception, KuweiError)
    assert result.exception.code == code
    assert terminal.acts() == before


def applied(terminal: Terminal, code: str) -> None:
    """Let a machine have applied under the tokens of a node."""
    terminal.run(
        "INSERT INTO fleet_enrolment (token_id, mof_div_code, state, digest, csr_der,"
        " signing_key, words, host_name, platform, agent_version, epoch, applied_at)"
        " SELECT token_id, mof_div_code, 'pending', 'd', 'c', 'k', '六个词', 'h', 'p',"
        " 'v', 1, now() FROM fleet_token WHERE mof_div_code = :code",
        code=code,
    )


def test_an_approval_is_recorded(terminal: Terminal) -> None:
    code = "450181000"
    terminal.do("register-node", code, "--name", "横州市", "--level", "county")
    terminal.do("issue-token", code, "--by", "登记岗")
    applied(terminal, code)

    terminal.do("approve", code, "--by", "批准岗")

    assert terminal.acts()[-1] == ("批准入网", f"节点 {code}")


def in_use(terminal: Terminal, code: str) -> None:
    terminal.type("register-node", code, *NAMED)
    terminal.run(
        "UPDATE fleet_node SET state = 'active' WHERE mof_div_code = :code", code=code
    )


def state(terminal: Terminal, code: str) -> str:
    query = "SELECT state FROM fleet_node WHERE mof_div_code = :code"
    return str(terminal.one(query, code=code))


def test_a_stolen_node_is_shut_out_by_one_verb(terminal: Terminal) -> None:
    in_use(terminal, CITY)

    terminal.do("node", "suspend", CITY, "--reason", STOLEN)

    assert state(terminal, CITY) == "suspended"
    assert terminal.acts()[-1] == ("停用节点", f"节点 {CITY}")
    assert terminal.details()[-1] == {"reason": STOLEN}


def test_the_account_that_asked_does_not_reinstate(terminal: Terminal) -> None:
    in_use(terminal, CITY)
    terminal.do("node", "suspend", CITY, "--reason", STOLEN)
    terminal.do("node", "reinstate", CITY, "--reason", FOUND)

    result = terminal.type("node", "reinstate", CITY, "--approve")

    assert isinstance(result.exception, KuweiError)
    assert result.exception.code == "reinstatement.one_person"
    assert state(terminal, CITY) == "suspended"
    assert terminal.acts()[-1] == ("申请恢复节点", f"节点 {CITY}")


def test_what_another_account_asked_for_is_reinstated(terminal: Terminal) -> None:
    in_use(terminal, CITY)
    terminal.do("node", "suspend", CITY, "--reason", STOLEN)
    terminal.do("node", "reinstate", CITY, "--reason", FOUND)
    terminal.run("UPDATE fleet_event SET actor = 'cli:other' WHERE kind LIKE 're%'")

    terminal.do("node", "reinstate", CITY, "--approve")

    assert state(terminal, CITY) == "approved"
    assert terminal.acts()[-1] == ("批准恢复节点", f"节点 {CITY}")


def test_another_machine_lifts_a_suspension_by_two_accounts_alone(
    terminal: Terminal,
) -> None:
    code = "450126000"
    in_use(terminal, code)
    terminal.do("node", "suspend", code, "--reason", STOLEN)
    terminal.do("issue-token", code, "--replace", "--by", "甲")
    applied(terminal, code)
    words = ("approve", code, "--by", "乙")

    alone = terminal.type(*words)
    before = state(terminal, code)
    terminal.run("UPDATE fleet_token SET issued_by = 'cli:other'")
    terminal.do(*words)

    assert getattr(alone.exception, "code", "") == "enrolment.same_person"
    assert (before, state(terminal, code)) == ("suspended", "approved")


@pytest.mark.parametrize("words", [(), ("--reason", "已找回设备", "--approve")])
def test_asking_and_approving_are_two_acts(
    terminal: Terminal, words: tuple[str, ...]
) -> None:
    assert terminal.type("node", "reinstate", CITY, *words).exit_code == 2


def test_a_suspension_needs_a_reason_and_a_node_in_use(terminal: Terminal) -> None:
    before = terminal.acts()

    silent = terminal.type("node", "suspend", CITY, "--reason", "无")
    unknown = terminal.type("node", "suspend", "450999000", "--reason", STOLEN)

    codes = [getattr(one.exception, "code", "") for one in (silent, unknown)]
    assert codes == ["node.no_reason", "node.unknown"]
    assert terminal.acts() == before


def test_every_act_on_releases_is_recorded(terminal: Terminal) -> None:
    release, before = "2026.1.1", len(terminal.acts())
    terminal.do("release-init", "--holder", DRAFTER, "--holder", APPROVER)
    by = ("--by", DRAFTER, "--approve-by", APPROVER)
    terminal.do("publish", "--catalogue", catalogue_lab.ROOT, *by)
    terminal.do("rollout", release, "--to", COUNTY)
    terminal.do("rollout", "--pause", "--to", COUNTY)
    terminal.do("resign")
    terminal.do("release-rotate")

    assert terminal.acts()[before:] == [
        ("建立发布库", "发布库"),
        ("签发目录", f"目录 {release}"),
        ("安排启用目录", f"目录 {release}"),
        ("暂停取新版本", "目录"),
        ("重签时间戳", "发布库"),
        ("轮换在线密钥", "发布库"),
    ]


def test_a_refused_act_is_not_recorded(terminal: Terminal) -> None:
    before = terminal.acts()

    result = terminal.type("approve", "450999000", "--by", "批准岗")

    assert result.exit_code == 1
    assert terminal.acts() == before


def test_the_operating_systems_account_is_who_acted(terminal: Terminal) -> None:
    terminal.do(
        *("register-node", "450100000", "--name", "南宁市", "--level", "city"),
        *("--by", "别人"),
    )

    account = pwd.getpwuid(os.getuid()).pw_name
    assert terminal.actors() == {(f"cli:{account}", f"命令行 {account}")}
    assert terminal.fault() is None


def test_the_whole_log_is_checked_and_a_change_is_found(terminal: Terminal) -> None:
    terminal.do("register-node", "450127000", "--name", "甲县", "--level", "county")

    whole = terminal.type("audit", "check")
    tampered = "UPDATE audit_entry SET about = 'x' WHERE seq = 1"
    terminal.run(f"ALTER TABLE audit_entry DISABLE TRIGGER USER; {tampered}")

    broken = terminal.type("audit", "check")

    assert whole.exit_code == 0
    assert "条记录前后相连,末条摘要" in whole.output
    assert isinstance(broken.exception, KuweiError)
    assert "第 1 条" in broken.exception.message
