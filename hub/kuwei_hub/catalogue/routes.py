"""Browsing the standard catalogue: the list of rules, and a rule's own page."""
# FastAPI reads annotations at run time, so they are not postponed here.

from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from kuwei_hub.catalogue.domain import RuleRow, RuleSearch
from kuwei_hub.catalogue.service import Rulebook
from kuwei_hub.statistics.domain import months_before
from kuwei_hub.statistics.service.reading import Reading
from kuwei_hub.territory.service import Territory
from kuwei_shared.identity.permissions import Permission
from kuwei_shared.kernel.clock import business_date
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.kernel.pages import Page, PageRequest
from kuwei_shared.web import export
from kuwei_shared.web.charts import Chart, Series
from kuwei_shared.web.formats import SEVERITIES, STATUSES, TIMINGS
from kuwei_shared.web.guards import DeskDep, HereDep, needs
from kuwei_shared.web.parts import Desk
from kuwei_shared.web.tables import Column, Filter, Layout, Table, TableAsk

PATH = "/catalogue"
HITS_MONTHS = 12
PLACES_SHOWN = 20
RuleId = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{1,39}$")]

FAMILIES = {
    "gx": "广西监控办法",
    "ul": "乌兰察布规程",
    "city": "各市县实践",
    "audit": "审计署方法",
    "direct": "直达资金",
    "meeting": "会议费",
    "model": "公开模型",
    "topic": "专题",
}
"""Folder of rules in the standard catalogue → what it is called."""


def routes(rulebook: Rulebook, reading: Reading, territory: Territory) -> APIRouter:
    """Return the pages of the catalogue."""
    router = APIRouter(prefix=PATH, include_in_schema=False)

    @router.get("")
    def listing(request: Request, here: HereDep, desk: DeskDep) -> Response:
        layout = _layout(rulebook.families(desk.session))
        ask = layout.ask(request.query_params)
        table = Table(layout=layout, ask=ask, page=_page(rulebook, desk, ask))
        return here.page("catalogue/list.html", "table", table=table)

    @router.get("/export.{form}", dependencies=[needs(Permission.EXPORT_TABLES)])
    def exported(form: str, request: Request, desk: DeskDep) -> Response:
        layout = _layout([])
        ask = layout.ask(request.query_params)
        return export.table(
            form, layout, ask, lambda a: _page(rulebook, desk, a), desk=desk
        )

    @router.get("/{rule_id}")
    def rule(rule_id: RuleId, here: HereDep, desk: DeskDep) -> Response:
        found = rulebook.find(desk.session, rule_id)
        if found is None:
            raise KuweiError(
                "catalogue.unknown",
                f"现行目录中没有规则 {rule_id}。",
                kind=Kind.MISSING,
            )
        return here.page(
            "catalogue/rule.html",
            found=found,
            hits=_hits(reading, territory, desk, rule_id),
            history=rulebook.history(desk.session, rule_id, PageRequest(size=20)),
        )

    return router


def _layout(families: list[str]) -> Layout:
    return Layout(
        name="rules",
        title="规则目录",
        path=PATH,
        columns=(
            Column(name="rule_id", label="编号", is_sortable=True),
            Column(name="title", label="名称", is_sortable=True),
            Column(name="severity", label="等级", is_sortable=True, words=SEVERITIES),
            Column(name="status", label="状态", is_sortable=True, words=STATUSES),
            Column(name="trigger", label="检查时机", words=TIMINGS),
            Column(name="basis", label="依据"),
            Column(name="version", label="版次", is_figure=True),
        ),
        filters=(
            Filter(name="words", label="编号、名称、依据或正文"),
            Filter(
                name="family",
                label="分类",
                options={one: FAMILIES.get(one, one) for one in families},
            ),
            Filter(name="severity", label="等级", options=SEVERITIES),
            Filter(name="status", label="状态", options=STATUSES),
        ),
        empty="没有符合条件的规则;若尚未发布目录,请先发布。",
        can_export=True,
    )


def _page(rulebook: Rulebook, desk: Desk, ask: TableAsk) -> Page[RuleRow]:
    search = RuleSearch(
        words=ask.get("words") or "",
        family=ask.get("family") or "",
        severity=ask.get("severity") or "",
        status=ask.get("status") or "",
    )
    return rulebook.rules(desk.session, search, ask.page)


def _hits(reading: Reading, territory: Territory, desk: Desk, rule_id: str) -> Chart:
    """Return where a rule hit in the last twelve months, most first."""
    shown = reading.places_hit_most(
        desk.session,
        desk.scope,
        months_before(business_date(desk.clock), HITS_MONTHS),
        rule_id,
        most=PLACES_SHOWN,
    )
    names = territory.names(desk.session, desk.scope, [one.of for one in shown])
    return Chart(
        title=f"近 {HITS_MONTHS} 个月各区划命中次数(定时规则为预警数)",
        categories=[names.get(one.of, one.of) for one in shown],
        unit="次",
        is_lying=True,
        series=(
            Series(name="命中", values=[one.count for one in shown], tone="orange"),
        ),
    )
