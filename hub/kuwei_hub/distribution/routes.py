"""Releases, and how far each has come in every jurisdiction."""
# FastAPI reads annotations at run time, so they are not postponed here.

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from kuwei_hub.distribution.domain import (
    RELEASE_STATUSES,
    STANDINGS,
    STATES,
    Reach,
    ReleaseRow,
    ReportRow,
    RolloutRow,
    RolloutSearch,
)
from kuwei_hub.distribution.service.ledger import Ledger
from kuwei_hub.distribution.service.library import Library
from kuwei_hub.fleet.domain import NodeState
from kuwei_hub.fleet.service.company import Company
from kuwei_hub.territory.service import Territory
from kuwei_shared.identity.permissions import Permission
from kuwei_shared.kernel.pages import Page
from kuwei_shared.web import export
from kuwei_shared.web.guards import DeskDep, HereDep, needs
from kuwei_shared.web.parts import Desk
from kuwei_shared.web.tables import Column, Filter, Layout, Table, TableAsk

PATH = "/releases"
ROLLOUT = f"{PATH}/rollout"
Code = Annotated[str, Path(pattern=r"^[0-9]{9}$")]

REPORTED = {str(state): said for state, said in STATES.items() if state is not None}
MAY_EXPORT = needs(Permission.EXPORT_TABLES)

RELEASES = Layout(
    name="releases",
    title="目录版本",
    path=PATH,
    columns=(
        Column(name="version", label="版本", is_sortable=True),
        Column(name="status", label="状态", words=RELEASE_STATUSES),
        Column(name="reach", label="在用 / 应执行", is_figure=True),
        Column(name="rule_count", label="规则数", is_sortable=True, is_figure=True),
        Column(name="author", label="签发"),
        Column(name="approver", label="会签"),
        Column(name="published_at", label="发布时间", is_sortable=True),
        Column(name="sha256", label="内容摘要"),
        Column(name="note", label="说明"),
    ),
    filters=(Filter(name="status", label="状态", options=RELEASE_STATUSES),),
    default_sort="-version",
    empty="没有符合条件的目录版本;若尚未发布,请先发布。",
    can_export=True,
)
PLACES = Layout(
    name="rollout",
    title="各区划推送情况",
    path=ROLLOUT,
    columns=(
        Column(name="mof_div_code", label="财政区划", is_sortable=True),
        Column(name="version", label="应执行版本", is_sortable=True),
        Column(name="state_title", label="进度", is_sortable=True),
        Column(name="since", label="进入时间", is_sortable=True),
        Column(name="active_version", label="正在执行", is_sortable=True),
        Column(name="reason", label="原因"),
    ),
    filters=(
        Filter(name="words", label="名称或代码"),
        Filter(name="version", label="应执行版本"),
        Filter(name="standing", label="进度", options=STANDINGS),
    ),
    default_sort="mof_div_code",
    empty="您的管辖范围内没有符合条件的节点。",
    can_export=True,
)


def routes(
    library: Library, ledger: Ledger, company: Company, territory: Territory
) -> APIRouter:
    """Return the pages of releases and their rollout."""
    router = APIRouter(prefix=PATH, include_in_schema=False)
    _releases(router, library, ledger, company)
    _places(router, ledger, company, territory)
    _evidence(router, ledger, territory)
    return router


def _releases(
    router: APIRouter, library: Library, ledger: Ledger, company: Company
) -> None:
    def read(desk: Desk, ask: TableAsk) -> Page[ReleaseRow]:
        page = library.releases(desk.session, ask.page, ask.get("status"))
        members = company.member_codes(desk.session, desk.scope)
        reached = ledger.reached(desk.session, desk.scope, members)
        rows = [
            replace(row, reach=reached.get(row.serial, Reach())) for row in page.rows
        ]
        return replace(page, rows=rows)

    @router.get("")
    def releases(request: Request, here: HereDep, desk: DeskDep) -> Response:
        ask = RELEASES.ask(request.query_params)
        table = Table(layout=RELEASES, ask=ask, page=read(desk, ask))
        return here.page("distribution/releases.html", "table", table=table)

    @router.get("/export.{form}", dependencies=[MAY_EXPORT])
    def exported_releases(form: str, request: Request, desk: DeskDep) -> Response:
        ask = RELEASES.ask(request.query_params)
        return export.table(form, RELEASES, ask, lambda a: read(desk, a), desk=desk)


def _places(
    router: APIRouter, ledger: Ledger, company: Company, territory: Territory
) -> None:
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

    @router.get("/rollout/export.{form}", dependencies=[MAY_EXPORT])
    def exported(form: str, request: Request, desk: DeskDep) -> Response:
        ask = PLACES.ask(request.query_params)
        return export.table(
            form, PLACES, ask, lambda a: _rollout(ledger, company, desk, a), desk=desk
        )


def _evidence(router: APIRouter, ledger: Ledger, territory: Territory) -> None:
    @router.get("/rollout/{code}")
    def reports(code: Code, request: Request, here: HereDep, desk: DeskDep) -> Response:
        layout = _reports_of(code)
        ask = layout.ask(request.query_params)
        page = _reports(ledger, desk, code, ask)
        one = territory.find(desk.session, desk.scope, code)
        table = Table(layout=layout, ask=ask, page=page)
        return here.page("distribution/reports.html", "table", table=table, one=one)

    @router.get("/rollout/{code}/export.{form}", dependencies=[MAY_EXPORT])
    def exported_reports(
        code: Code, form: str, request: Request, desk: DeskDep
    ) -> Response:
        layout = _reports_of(code)
        ask = layout.ask(request.query_params)
        return export.table(
            form, layout, ask, lambda a: _reports(ledger, desk, code, a), desk=desk
        )


def _rollout(
    ledger: Ledger, company: Company, desk: Desk, ask: TableAsk
) -> Page[RolloutRow]:
    states = company.states(desk.session, desk.scope)
    search = RolloutSearch(
        words=ask.get("words"),
        version=ask.get("version"),
        standing=ask.get("standing"),
        suspended=[code for code, one in states.items() if one == NodeState.SUSPENDED],
    )
    return ledger.rollout(desk.session, desk.scope, list(states), ask.page, search)


def _reports(ledger: Ledger, desk: Desk, code: str, ask: TableAsk) -> Page[ReportRow]:
    state = ask.get("state")
    return ledger.reports(desk.session, desk.scope, code, ask.page, state=state)


def _reports_of(code: str) -> Layout:
    return Layout(
        name="reports",
        title="推送记录",
        path=f"{ROLLOUT}/{code}",
        columns=(
            Column(name="seq", label="序号", is_sortable=True, is_figure=True),
            Column(name="version", label="版本"),
            Column(name="state_title", label="进度"),
            Column(name="happened_at", label="节点时间"),
            Column(name="received_at", label="收到时间"),
            Column(name="reason", label="原因"),
        ),
        filters=(Filter(name="state", label="进度", options=REPORTED),),
        default_sort="-seq",
        empty="该节点没有符合条件的报告,或还没有上报过。",
        can_export=True,
    )
