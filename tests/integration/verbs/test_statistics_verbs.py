"""Sums of figures are compared with the days, and mended, from the terminal."""

from __future__ import annotations

from pathlib import Path

import embedded
import pytest
import web_lab
from audit_lab import Terminal
from sqlalchemy import create_engine, text

from kuwei_hub.audit.service import Audit
from kuwei_hub.cli import verbs
from kuwei_shared.kernel.clock import SetClock
from kuwei_shared.kernel.errors import KuweiError

pytestmark = pytest.mark.integration
DAYS = (
    "INSERT INTO statistic (mof_div_code, business_day, family, measure, stage, value)"
    " SELECT '450100000', make_date(2026, n, 7), 'screening', 'payments', 'voucher', n"
    " FROM generate_series(1, 5) n"
)


@pytest.fixture
def terminal(
    postgres: embedded.Postgres,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> Terminal:
    """A hub whose days no sum was kept of."""
    url = web_lab.hub_database(postgres, f"statistics_{request.node.name[:40]}")
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(DAYS))
    engine.dispose()
    settings = {"KUWEI_DATABASE_URL": url, "KUWEI_DATA_DIR": str(tmp_path)}
    return Terminal(
        verbs=verbs, ledger=Audit(clock=SetClock()).ledger, settings=settings
    )


def test_sums_that_differ_from_the_days_are_told(terminal: Terminal) -> None:
    found = terminal.type("statistics", "check")

    assert isinstance(found.exception, KuweiError)
    assert found.exception.code == "statistics.differ"
    assert "statistic_sum\t核对 6 行\t不符 6 行" in found.output


def test_sums_are_written_anew_on_record(terminal: Terminal) -> None:
    rebuilt = terminal.type("statistics", "rebuild")

    found = terminal.type("statistics", "check")
    assert (rebuilt.exit_code, found.exit_code) == (0, 0)
    assert "statistic_sum\t核对 6 行\t不符 0 行" in found.output
    assert found.output.endswith("汇总数与逐日统计相符\n")
    assert terminal.acts()[-1] == ("重算汇总数", "统计汇总数")


def test_every_place_is_mended_by_itself_and_the_rest_later(
    terminal: Terminal,
) -> None:
    later = "INSERT INTO statistic (mof_div_code, business_day, family, measure, value)"
    terminal.run(f"{later} VALUES ('450300000', '2026-01-07', 'rules', 'alerts', 1)")
    refused = "ALTER TABLE statistic_sum ADD CONSTRAINT odd CHECK (alerts = 0)"
    terminal.run(refused)
    stopped = terminal.type("statistics", "rebuild")
    mended = terminal.one("SELECT count(*) FROM statistic_sum")
    terminal.run("ALTER TABLE statistic_sum DROP CONSTRAINT odd")

    terminal.do("statistics", "rebuild")

    assert (stopped.exit_code, mended) == (1, 6)
    assert terminal.one("SELECT count(*) FROM statistic_sum") == 8
    assert terminal.details()[-1] == {"count": 2}
