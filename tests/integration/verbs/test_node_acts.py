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
        "payment_id,stage,entry_kind,mof_div_code,fiscal_year,vou_date,agency_code,"
        f"pay_amt\nP1,voucher,normal,{COUNTY},2026,2026-03-05,A001,1.00\n",
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


def test_trying_a_release_again_is_recorded(terminal: Terminal) -> None:
    terminal.do("catalogue", "retry", "7")

    assert terminal.acts()[-1] == ("再试目录版本", "序号 7")


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
