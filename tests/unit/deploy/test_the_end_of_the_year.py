"""The demo's last stages: what the hub counts must be what the nodes screened."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import embedded
import post_lab
import pytest
import year
from notebook import Notebook
from places import PLACES
from ports import Ports
from processes import StageFailedError, Supervisor
from sqlalchemy import create_engine, delete
from sqlalchemy.orm import Session
from state import Stack

from kuwei_hub import schema
from kuwei_hub.distribution.domain import ReleaseStatus
from kuwei_hub.distribution.models import Release, ReleaseAssignment
from kuwei_hub.statistics.models import Statistic

pytestmark = pytest.mark.integration

COUNTY = PLACES[3]
TOWNSHIP = "450102101"


@pytest.fixture
def hub(postgres: embedded.Postgres) -> Iterator[Session]:
    """The hub's figures, none at first."""
    engine = create_engine(postgres.create("hub"))
    schema.metadata().create_all(engine)
    with Session(engine) as session:
        for table in (Statistic, ReleaseAssignment, Release):
            session.execute(delete(table))
        session.commit()
        yield session
    engine.dispose()


@pytest.fixture(scope="module")
def node(postgres: embedded.Postgres) -> None:
    """The county's node with a release in force and no payment."""
    engine = post_lab.tables(postgres.create(COUNTY.database))
    post_lab.put_in_force(engine)
    engine.dispose()


@pytest.fixture
def demo(
    postgres: embedded.Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Stack:
    """A demo of one county whose 10 payments were streamed; it waits for nothing."""
    for limit in ("ADOPT_S", "ARRIVE_S"):
        monkeypatch.setattr(year, limit, -1.0)
    found = Stack(
        folder=tmp_path,
        payments=10,
        seed=1,
        ports=Ports.chosen(),
        supervisor=Supervisor(tmp_path),
        notebook=Notebook(tmp_path / "notebook.json"),
        places=(COUNTY,),
        postgres=postgres,
    )
    found.notebook.put(f"streamed {COUNTY.code}", "10")
    return found


def count(hub: Session, value: int, **changes: str) -> None:
    """Let the hub count screenings of the county."""
    plain = {"mof_div_code": COUNTY.code, "family": "screening", "measure": "screened"}
    day = dt.date(2026, 3, 5)
    hub.add(Statistic(**(plain | changes), business_day=day, value=value))
    hub.commit()


def arrange(hub: Session, version: str, *, is_paused: bool = False) -> None:
    """Publish a release and arrange it for the county."""
    moment = dt.datetime(2026, 3, 5, tzinfo=dt.UTC)
    hub.add(
        Release(
            serial=1,
            version=version,
            status=ReleaseStatus.PUBLISHED.value,
            sha256="",
            length_bytes=1,
            rule_count=1,
            author="起草岗",
            approver="审批岗",
            note="",
            published_at=moment,
        )
    )
    hub.flush()
    hub.add(
        ReleaseAssignment(
            mof_div_code=COUNTY.code,
            serial=1,
            is_paused=is_paused,
            ring=None,
            assigned_at=moment,
            assigned_by="审批岗",
        )
    )
    hub.commit()


def test_what_the_hub_counts_is_what_the_nodes_screened(
    demo: Stack, hub: Session
) -> None:
    count(hub, 7)
    count(hub, 3, mof_div_code=TOWNSHIP)
    # The same payments by release, and what is no screening.
    count(hub, 10, family="adoption")
    count(hub, 10, measure="payments")

    assert year.statistics(demo) == "省级统计 10 条,与各节点一致"


@pytest.mark.parametrize(
    ("counted", "said"),
    [(9, "省级已计 9 / 10 条"), (11, "省级计 11 条,节点审核 10 条")],
)
def test_a_hub_that_counts_less_or_more_fails_the_demo(
    demo: Stack, hub: Session, counted: int, said: str
) -> None:
    count(hub, counted)

    with pytest.raises(StageFailedError, match=said):
        year.statistics(demo)


@pytest.mark.usefixtures("node")
def test_a_node_with_the_release_arranged_for_it_in_force_has_adopted_it(
    demo: Stack, hub: Session
) -> None:
    arrange(hub, "2026.1.1")
    # What the demo itself published: somebody has arranged another since.
    demo.notebook.put("release", "2026.1.0")

    assert year.adoption(demo) == "1 个节点启用 2026.1.1"


@pytest.mark.usefixtures("node")
def test_a_node_that_goes_on_with_another_release_is_named(
    demo: Stack, hub: Session
) -> None:
    arrange(hub, "2026.1.2")

    with pytest.raises(StageFailedError, match=r"兴宁区.*2026\.1\.1,未启用 2026\.1\.2"):
        year.adoption(demo)


@pytest.mark.usefixtures("node")
def test_nobody_waits_for_a_node_the_province_has_paused(
    demo: Stack, hub: Session
) -> None:
    arrange(hub, "2026.1.2", is_paused=True)

    assert year.adoption(demo) == "1 个节点启用 (暂停)"


@pytest.mark.usefixtures("node")
def test_nobody_waits_for_a_release_once_asked_to_stop(
    demo: Stack, hub: Session
) -> None:
    arrange(hub, "2026.1.2")
    demo.leaving.set()

    with pytest.raises(StageFailedError, match="stopped on request"):
        year.adoption(demo)


@pytest.mark.usefixtures("node")
def test_a_county_is_set_beside_what_the_hub_counts_of_it_and_its_townships(
    demo: Stack, hub: Session
) -> None:
    count(hub, 7)
    count(hub, 3, mof_div_code=TOWNSHIP)
    count(hub, 5, mof_div_code="450303000")

    year.tallies(demo)

    line = demo.closing.splitlines()[-1].split()
    assert line == [COUNTY.code, COUNTY.name, *["0"] * 5, "10"]
