"""A page asks as often for a province of hundreds of places as for one of eight."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import embedded
import httpx
import pytest
import web_lab
from province_lab import GUILIN, NANNING, jurisdictions
from sqlalchemy import event

from kuwei_hub.fleet.domain import NodeState
from kuwei_hub.fleet.models import FleetNode
from kuwei_hub.statistics.models import Statistic
from kuwei_hub.territory.domain import Jurisdiction, Level
from kuwei_shared.wire.statistics import Family, Measure

pytestmark = pytest.mark.integration

MOST = {
    "/": 11,
    f"/?open={NANNING}&open={GUILIN}": 11,
    "/?year=2024": 10,
    f"/territory/{NANNING}": 14,
    f"/territory/{GUILIN}?page=2": 14,
    "/territory": 6,
    "/catalogue": 8,
    "/catalogue/GX-U10": 11,
    "/releases": 7,
    "/releases/rollout": 7,
    f"/releases/rollout/{NANNING}": 6,
    f"/nodes/{NANNING}": 8,
}
"""Statements of a page, those that open its transaction and find the scope included."""

MORE = [f"4503{10 + n % 80}{n:03}" for n in range(1, 401)]
"""Codes of places that come under one city, each with a node of its own."""


def rows_of(code: str, now: dt.datetime) -> list[FleetNode | Statistic]:
    """Return a place's node and its figures."""
    node = FleetNode(
        mof_div_code=code,
        name=code,
        level=Level.TOWNSHIP,
        parent=GUILIN,
        state=NodeState.ACTIVE,
        epoch=1,
        registered_by="系统管理员",
        registered_at=now,
    )
    hits = Statistic(
        mof_div_code=code,
        business_day=now.date(),
        family=Family.RULES,
        measure=Measure.HITS,
        rule_id=f"GX-U{10 + int(code) % 5}",
        value=7,
    )
    return [node, hits]


def place(code: str) -> Jurisdiction:
    """Return one place more."""
    return Jurisdiction(
        mof_div_code=code,
        name=code,
        level=Level.TOWNSHIP,
        fiscal_parent=GUILIN,
        administrative_parent=GUILIN,
        opened_on=dt.date(2012, 1, 1),
    )


@pytest.fixture(scope="module")
def grown(
    postgres: embedded.Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[web_lab.Site]:
    """A hub of the demonstration province with four hundred places more."""
    folder = tmp_path_factory.mktemp("grown")
    with web_lab.province_site(postgres, "hub_grown", folder) as found:
        with found.hub.unit_of_work.begin() as session:
            places = [*jurisdictions(), *map(place, MORE)]
            found.hub.territory.register(session, places)
            for code in MORE:
                session.add_all(rows_of(code, found.hub.clock.now()))
            session.flush()
            found.hub.reading.rebuild(session)
        yield found


def asked(site: web_lab.Site, browser: httpx.Client, path: str) -> list[str]:
    """Return the statements of one page."""
    said: list[str] = []

    def listen(_conn: object, _cursor: object, sql: str, *_: object) -> None:
        said.append(sql)

    engine = site.hub.unit_of_work.engine
    event.listen(engine, "before_cursor_execute", listen)
    answer = browser.get(path)
    event.remove(engine, "before_cursor_execute", listen)
    assert answer.status_code == 200
    return said


def test_no_page_asks_more_often_because_there_are_more_places(
    site: web_lab.Site, grown: web_lab.Site
) -> None:
    with (
        site.signed_in("province-monitor") as few,
        grown.signed_in("province-monitor") as many,
    ):
        counts = {
            path: (len(asked(site, few, path)), len(asked(grown, many, path)))
            for path in MOST
        }

    assert {path: most for path, (_, most) in counts.items()} == MOST
    assert {path: least for path, (least, _) in counts.items()} == MOST


def test_no_page_reads_the_days_to_show_what_they_come_to(grown: web_lab.Site) -> None:
    with grown.signed_in("province-monitor") as browser:
        said = [sql for path in MOST for sql in asked(grown, browser, path)]

    assert any(" statistic_sum" in sql for sql in said)
    assert not any("FROM statistic " in f"{sql} " for sql in said)
