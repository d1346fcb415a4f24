"""What an operator does at a node's terminal stands in the audit log."""

from __future__ import annotations

import hashlib
from pathlib import Path

import embedded
import node_lab
import pytest
import screening_lab
from audit_lab import Terminal
from sqlalchemy import create_engine

from kuwei_node import schema
from kuwei_node.audit.service import Audit
from kuwei_node.cli import verbs
from kuwei_node.uplink.adapters.identity import IdentityFolder
from kuwei_node.uplink.domain import Identity
from kuwei_shared.catalogue import bundle
from kuwei_shared.kernel.clock import SetClock
from kuwei_shared.kernel.errors import KuweiError

pytestmark = pytest.mark.integration
COUNTY = screening_lab.COUNTY
HEAD = (
    "payment_id,stage,entry_kind,mof_div_code,fiscal_year,vou_date,agency_code,"
    "pay_amt\n"
)
FAILED = (
    "INSERT INTO catalogue_release (serial, version, sha256, bundle, state, reason,"
    " verified_at) VALUES (:serial, '2026.1.' || :serial, '', '', 'failed', '', now())"
)
TWO = ("--by", "起草岗", "--approve-by", "审批岗")
TUNE = ("catalogue", "tune", "GX-U10", "limit", "5000000.00", *TWO)


@pytest.fixture(scope="module")
def terminal(
    postgres: embedded.Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Terminal:
    url, folder = postgres.create("node_acts"), tmp_path_factory.mktemp("node")
    engine = create_engine(url)
    schema.metadata().create_all(engine)
    node_lab.NodeLab(engine).put_in_force(bundle.pack(screening_lab.CATALOGUE))
    engine.dispose()
    settings = {
        "KUWEI_MODE": "development",
        "KUWEI_DATABASE_URL": url,
        "KUWEI_DATA_DIR": str(folder),
    }
    return Terminal(
        verbs=verbs, ledger=Audit(clock=SetClock()).ledger, settings=settings
    )


def test_an_import_is_recorded(terminal: Terminal, tmp_path: Path) -> None:
    path = tmp_path / "支付.csv"
    path.write_text(
        f"{HEAD}P1,voucher,normal,{COUNTY},2026,2026-03-05,A001,1.00\n",
        encoding="utf-8",
    )

    terminal.do("import", path, "--profile", "standard", "--division", COUNTY)

    assert terminal.acts()[-1] == ("导入支付文件", "导入 1")


def test_loading_reference_data_is_recorded(terminal: Terminal, tmp_path: Path) -> None:
    path = tmp_path / "agency.csv"
    path.write_text("agency_code,agency_name\nA001,教育局\n", encoding="utf-8")

    terminal.do("load-reference", path, "--entity", "agency", "--division", COUNTY)

    assert terminal.acts()[-1] == ("导入参照数据", "参照数据 agency")


def test_pinning_a_root_is_recorded(terminal: Terminal, tmp_path: Path) -> None:
    root = tmp_path / "root.json"
    root.write_bytes(b"{}")
    digest = hashlib.sha256(b"{}").hexdigest()

    terminal.do("catalogue", "pin", root, "--sha256", digest)

    assert terminal.acts()[-1] == ("固定发布根", "发布根")


def test_trying_a_failed_release_again_is_recorded(terminal: Terminal) -> None:
    terminal.run(FAILED, serial=7)

    terminal.do("catalogue", "retry", "7")

    assert terminal.acts()[-1] == ("再试目录版本", "序号 7")
    assert "2026.1.7  verified" in terminal.type("catalogue", "status").output


@pytest.mark.parametrize(
    ("serial", "code"), [("1", "release.not_failed"), ("99", "release.unknown")]
)
def test_only_a_failed_release_is_tried_again(
    terminal: Terminal, serial: str, code: str
) -> None:
    before = terminal.acts()

    result = terminal.type("catalogue", "retry", serial)

    assert isinstance(result.exception, KuweiError)
    assert result.exception.code == code
    assert "2026.1.1  active" in terminal.type("catalogue", "status").output
    assert terminal.acts() == before


@pytest.mark.parametrize("amount", ["abc", "NaN", "Infinity", "1.005", "1e3", ""])
def test_an_amount_nobody_can_declare_is_refused_by_name(
    terminal: Terminal, tmp_path: Path, amount: str
) -> None:
    path = tmp_path / "支付.csv"
    path.touch()

    result = terminal.type("import", path, "--profile", "standard", "--amount", amount)

    assert result.exit_code == 2
    assert "--amount" in result.output
    assert "精确到分" in result.output


@pytest.mark.parametrize(
    ("declared", "status"),
    [((), 0), (("--rows", "1", "--amount", "1,000.00"), 0), (("--rows", "2"), 1)],
)
def test_an_import_whose_totals_differ_ends_as_a_failure(
    terminal: Terminal, tmp_path: Path, declared: tuple[str, ...], status: int
) -> None:
    path = tmp_path / "支付.csv"
    name = "-".join(("S", *declared)).replace(",", "")
    path.write_text(f"{HEAD}{name},voucher,normal,{COUNTY},2026,2026-03-05,A1,1000\n")
    profile = ("--profile", "standard", "--division", COUNTY)

    result = terminal.type("import", path, *profile, *declared)

    assert result.exit_code == status, result.output


@pytest.mark.parametrize(
    ("amounts", "said", "status"),
    [(["元"], "结果:全部拒收", 3), (["元", "1.00"], "结果:部分拒收", 0)],
)
def test_an_import_says_and_exits_by_what_was_refused(
    terminal: Terminal, tmp_path: Path, amounts: list[str], said: str, status: int
) -> None:
    path = tmp_path / "支付.csv"
    rows = [
        f"R{status}{amount},voucher,normal,{COUNTY},2026,2026-03-05,A1,{amount}\n"
        for amount in amounts
    ]
    path.write_text(HEAD + "".join(rows))

    result = terminal.type(
        "import", path, "--profile", "standard", "--division", COUNTY
    )

    assert result.exit_code == status, result.output
    assert said in result.output
    assert "金额无效 1 行:" in result.output


def test_a_file_that_is_not_there_starts_no_import(terminal: Terminal) -> None:
    before = terminal.acts()

    result = terminal.type("import", "没有.csv", "--profile", "standard")

    assert result.exit_code == 2
    assert terminal.acts() == before


def test_a_profile_nobody_knows_starts_no_import(
    terminal: Terminal, tmp_path: Path
) -> None:
    path = tmp_path / "支付.csv"
    path.write_text(HEAD)
    before = terminal.acts()

    result = terminal.type(
        "import", path, "--profile", "nonsense", "--division", COUNTY
    )

    assert isinstance(result.exception, KuweiError)
    assert terminal.acts() == before


@pytest.mark.parametrize(
    ("value", "two", "code"),
    [
        ("30000000", TWO, "tuning.out_of_bounds"),
        ("abc", TWO, "tuning.not_a_value"),
        ("6000000", ("--by", "甲", "--approve-by", "甲"), "change.one_person"),
    ],
)
def test_a_tuning_that_may_not_be_changes_nothing(
    terminal: Terminal, value: str, two: tuple[str, ...], code: str
) -> None:
    before = terminal.acts()

    result = terminal.type("catalogue", "tune", "GX-U10", "limit", value, *two)

    assert isinstance(result.exception, KuweiError)
    assert result.exception.code == code
    assert terminal.acts() == before


def test_what_is_due_is_run_at_the_terminal(terminal: Terminal) -> None:
    first = terminal.type("sweep").output
    second = terminal.type("sweep").output

    assert "个定时批次" in first
    assert second == "已运行 0 个定时批次\n"


def test_an_epoch_begins_only_when_confirmed(terminal: Terminal) -> None:
    before = terminal.acts()

    result = terminal.type("new-epoch")

    assert result.exit_code == 2
    assert terminal.acts() == before


def test_a_new_epoch_is_recorded(terminal: Terminal) -> None:
    folder = Path(terminal.settings["KUWEI_DATA_DIR"]) / "identity"
    IdentityFolder(folder).write(
        Identity(
            node_code=COUNTY,
            identity=f"spiffe://kuwei/node/{COUNTY}",
            epoch=1,
            grpc_address="127.0.0.1:1",
            hub_key=bytes(32),
        )
    )

    terminal.do("new-epoch", "--confirm")

    assert terminal.acts()[-1] == ("启用新纪元", "纪元 2")
    assert terminal.fault() is None


def test_a_parameter_tuned_in_development_is_recorded(terminal: Terminal) -> None:
    terminal.do(*TUNE)

    assert terminal.acts()[-1] == ("调整参数", "GX-U10")


def test_in_production_a_parameter_is_tuned_on_the_page_alone(
    terminal: Terminal,
) -> None:
    before = terminal.acts()

    result = terminal.type(*TUNE, KUWEI_MODE="production")

    assert isinstance(result.exception, KuweiError)
    assert result.exception.code == "tuning.page_only"
    assert "另一人审批" in result.exception.message
    assert terminal.acts() == before
