"""Releases, and how far each has come in every jurisdiction."""
# FastAPI reads annotations at run time, so they are not postponed here.

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from kuwei_hub.distribution.domain import RolloutRow
from kuwei_hub.distribution.service.ledger import Ledger
from kuwei_hub.distribution.service.library import Library
from kuwei_hub.fleet.domain import NodeState
from kuwei_hub.fleet.service.company import Company
from kuwei_hub.territory.service import Territory
from kuwei_shared.identity.permissions import Permission
from kuwei_shared.kernel.pages import PAGE_SIZE_MAX, Page, PageRequest
from kuwei_shared.web import export
from kuwei_shared.web.guards import DeskDep, HereDep, needs
from kuwei_shared.web.parts import Desk
from kuwei_shared.web.tables import Column, Layout, Table, TableAsk

PATH = "/releases"
ROLLOUT = f"{PATH}/rollout"
Code = Annotated[str, Path(pattern=r"^[0-9]{9}$")]

MAY_EXPORT = needs(Permission.EXPORT_TABLES)

RELEASES = Layout(
    name="releases",
    title="目录版本",
    path=PATH,
    columns=(
        Column(name="version", label="版本"),
        Column(name="status", label="状态"),
        Column(name="rule_count", label="规则数", is_figure=True),
        Column(name="author", label="签发"),
        Column(name="approver", label="会签"),
        Column(name="published_at", label="发布时间"),
        Column(name="sha256", label="内容摘要"),
        Column(name="note", label="说明"),
    ),
    empty="还没有发布过目录版本。",
)
PLACES = Layout(
    name="rollout",
    title="各区划推送情况",
    path=ROLLOUT,
    columns=(
        Column(name="mof_div_code", label="财政区划"),
        Column(name="version", label="应执行版本"),
        Column(name="state_title", label="进度"),
        Column(name="since", label="进入时间"),
        Column(name="active_version", label="正在执行"),
        Column(name="reason", label="原因"),
    ),
    empty="您的管辖范围内还没有登记节点。",
    can_export=True,
)


def routes(
    library: Library, ledger: Ledger, company: Company, territory: Territory
) -> APIRouter:
    """Return the pages of releases and their rollout."""
    router = APIRouter(prefix=PATH, include_in_schema=False)

    @router.get("")
    def releases(request: Request, here: HereDep, desk: DeskDep) -> Response:
        ask = RELEASES.ask(request.query_params)
        page = library.releases(desk.session, ask.page)
        table = Table(layout=RELEASES, ask=ask, page=page)
        return here.page("distribution/releases.html", "table", table=table)

    @router.get("/rollout")
    def rollout(request: Request, here: HereDep, desk: DeskDep) -> Response:
        ask = PLACES.ask(request.query_params)
        page = _rollout(ledger, company, desk, ask)
        table = Table(layout=PLACES, ask=ask, page=page)
        codes = [row.mof_div_code for row in page.rows]
        names = territory.names(desk.session, desk.scope, codes)
        return here.page(
            "distribution/rollout.html",
            "table",
            table=table,
            names=names,
            now=desk.clock.now(),
        )

    @router.get(
        "/rollout/export.{form}", dependencies=[needs(Permission.EXPORT_TABLES)]
    )
    def exported(form: str, request: Request, desk: DeskDep) -> Response:
        ask = PLACES.ask(request.query_params)
        return export.table(
            form, PLACES, ask, lambda a: _rollout(ledger, company, desk, a), desk=desk
        )

    @router.get("/rollout/{code}")
    def reports(code: Code, request: Request, here: HereDep, desk: DeskDep) -> Response:
        layout = _reports_of(code)
        ask = layout.ask(request.query_params)
        page = ledger.reports(desk.session, desk.scope, code, ask.page)
        one = territory.find(desk.session, desk.scope, code)
        table = Table(layout=layout, ask=ask, page=page)
        return here.page("distribution/reports.html", "table", table=table, one=one)

    return router


def _rollout(
    ledger: Ledger, company: Company, desk: Desk, ask: TableAsk
) -> Page[RolloutRow]:
    # A province has fewer nodes than one page holds at its largest.
    request = PageRequest(size=PAGE_SIZE_MAX)
    nodes = company.nodes(desk.session, desk.scope, request).rows
    states = {node.mof_div_code: node.state for node in nodes}
    page = ledger.rollout(desk.session, desk.scope, list(states), ask.page)
    rows = [
        replace(row, is_suspended=states[row.mof_div_code] == NodeState.SUSPENDED)
        for row in page.rows
    ]
    return replace(page, rows=rows)


def _reports_of(code: str) -> Layout:
    return Layout(
        name="reports",
        title="推送记录",
        path=f"{ROLLOUT}/{code}",
        columns=(
            Column(name="seq", label="序号", is_figure=True),
            Column(name="version", label="版本"),
            Column(name="state_title", label="进度"),
            Column(name="happened_at", label="节点时间"),
            Column(name="received_at", label="收到时间"),
            Column(name="reason", label="原因"),
        ),
        empty="该节点还没有上报过。",
    )
