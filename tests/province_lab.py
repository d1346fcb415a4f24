"""The demonstration province's territory, for tests of hub pages."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from release_lab import APPROVER, AUTHOR, HOLDERS

from kuwei_hub.bootstrap import Hub
from kuwei_hub.distribution.domain import ReleaseRow
from kuwei_hub.distribution.models import Adoption
from kuwei_hub.fleet.domain import NodeState
from kuwei_hub.fleet.models import FleetNode
from kuwei_hub.statistics.models import Statistic
from kuwei_hub.territory.domain import Jurisdiction, Level
from kuwei_shared.catalogue.checks.registry import read_schemas
from kuwei_shared.catalogue.files import read_folder
from kuwei_shared.releases.adoption import AdoptionState
from kuwei_shared.wire.statistics import Measure

CATALOGUE = Path(__file__).parents[1] / "rules-catalog"

PROVINCE = "450000000"
NANNING = "450100000"
GUILIN = "450300000"
XINGNING = "450102000"
DIECAI = "450303000"
HENGZHOU = "450181000"

NODES = {
    PROVINCE: NodeState.ACTIVE,
    NANNING: NodeState.ACTIVE,
    GUILIN: NodeState.ACTIVE,
    XINGNING: NodeState.ACTIVE,
    DIECAI: NodeState.ACTIVE,
    HENGZHOU: NodeState.PENDING,
}

_ROWS = (
    (PROVINCE, "广西壮族自治区本级", Level.PROVINCE, None, None, None),
    (NANNING, "南宁市本级", Level.CITY, PROVINCE, PROVINCE, None),
    (GUILIN, "桂林市本级", Level.CITY, PROVINCE, PROVINCE, None),
    (XINGNING, "兴宁区", Level.COUNTY, NANNING, NANNING, None),
    (DIECAI, "叠彩区", Level.COUNTY, GUILIN, GUILIN, None),
    (HENGZHOU, "横州市", Level.COUNTY, PROVINCE, NANNING, None),
    ("450102101", "三塘镇", Level.TOWNSHIP, XINGNING, XINGNING, XINGNING),
    ("450102102", "五塘镇", Level.TOWNSHIP, XINGNING, XINGNING, XINGNING),
)


def jurisdictions() -> list[Jurisdiction]:
    """Return the eight jurisdictions, parents first."""
    return [
        Jurisdiction(
            mof_div_code=code,
            name=name,
            level=level,
            fiscal_parent=fiscal,
            administrative_parent=administrative,
            host=host,
            opened_on=dt.date(2012, 1, 1),
        )
        for code, name, level, fiscal, administrative, host in _ROWS
    ]


def settle(hub: Hub) -> None:
    """Fill a hub as after a year at work: nodes, a release, figures."""
    with hub.unit_of_work.begin() as session:
        hub.territory.register(session, jurisdictions())
        session.add_all(_nodes(hub.clock.now()))
        session.add_all(_figures(hub.clock.now().year))
        session.flush()
        hub.reading.rebuild(session)  # these came past the inbox
    release = publish(hub, list(NODES))
    with hub.unit_of_work.begin() as session:
        session.add_all(_adoption(release, hub.clock.now()))


def publish(hub: Hub, codes: list[str]) -> ReleaseRow:
    """Found the release library, sign the standard catalogue, assign it to nodes."""
    hub.keys.create(HOLDERS)
    with hub.unit_of_work.begin() as session:
        hub.library.found(session, hub.keys)
        release = hub.rulebook.publish(
            session,
            read_folder(CATALOGUE),
            read_schemas(CATALOGUE),
            author=AUTHOR,
            approver=APPROVER,
            keys=hub.keys,
            note="首个标准目录",
        )
        hub.library.assign(session, release.version, codes, by=APPROVER)
    return release


def _nodes(now: dt.datetime) -> list[FleetNode]:
    names = {code: (name, level, parent) for code, name, level, parent, *_ in _ROWS}
    return [
        FleetNode(
            mof_div_code=code,
            name=names[code][0],
            level=names[code][1],
            parent=names[code][2],
            state=state,
            epoch=1,
            registered_by="系统管理员",
            registered_at=now,
            agent_version="0.1.0",
            last_seen_at=now if state == NodeState.ACTIVE else None,
        )
        for code, state in NODES.items()
    ]


def _adoption(release: ReleaseRow, now: dt.datetime) -> list[Adoption]:
    states = {
        PROVINCE: AdoptionState.ACTIVE,
        NANNING: AdoptionState.ACTIVE,
        GUILIN: AdoptionState.VERIFIED,
        XINGNING: AdoptionState.ACTIVE,
        DIECAI: AdoptionState.FAILED,
    }
    failed = "规则 GX-U10 的用例“恰为两千万元”在本机未得到应有结果。"
    return [
        Adoption(
            mof_div_code=code,
            serial=release.serial,
            version=release.version,
            state=state,
            reason_code="",
            reason=failed if state == AdoptionState.FAILED else "",
            since=now,
            active_at=now if state == AdoptionState.ACTIVE else None,
        )
        for code, state in states.items()
    ]


def _figures(year: int) -> list[Statistic]:
    sizes = {PROVINCE: 9, NANNING: 6, GUILIN: 4, XINGNING: 2, DIECAI: 1}
    sizes |= {"450102101": 1, "450102102": 1}
    return [
        one
        for code, size in sizes.items()
        for month in range(1, 13)
        for one in _month(code, dt.date(year, month, 20), size * (10 + month**2 // 6))
    ]


def _month(code: str, day: dt.date, size: int) -> list[Statistic]:
    figures = {
        Measure.PAYMENTS: size * 11,
        Measure.SCREENED: size * 11,
        Measure.AMOUNT_FEN: size * 5_318_204_75,
        Measure.ALERTS: size // 4,
        Measure.HELD: size // 25,
        Measure.REJECTED: size // 60,
        Measure.UNDETERMINED: size // 12,
    }
    rules = {"GX-U10": 9, "GX-U01": 5, "GX-U04": 4, "A0108": 3, "UL-3": 2}
    place = {"mof_div_code": code, "business_day": day}
    whole = [
        Statistic(**place, family="screening", measure=m, stage="voucher", value=v)
        for m, v in figures.items()
    ]
    hits = [
        Statistic(
            **place, family="rules", measure=Measure.HITS, rule_id=r, value=size * n
        )
        for r, n in rules.items()
    ]
    return whole + hits
