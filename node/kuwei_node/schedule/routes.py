"""Runs of scheduled rules, each with the receipts that prove it."""
# FastAPI reads annotations at run time, so they are not postponed here.

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from kuwei_node.catalogue.service.rulebook import Rulebook
from kuwei_node.schedule.domain import SCHEDULES, STATES, RunRow, RunSearch
from kuwei_node.schedule.service import Scheduler
from kuwei_shared.identity.permissions import Permission
from kuwei_shared.kernel.pages import Page
from kuwei_shared.web import export
from kuwei_shared.web.guards import DeskDep, HereDep, at_home, needs
from kuwei_shared.web.parts import Desk
from kuwei_shared.web.tables import Column, Filter, Layout, TableAsk

PATH = "/runs"
Number = Annotated[int, Path(ge=1, lt=2**63)]

RUNS = Layout(
    name="runs",
    title="定时检查",
    path=PATH,
    columns=(
        Column(name="last_day", label="截至日期", is_sortable=True),
        Column(name="first_day", label="起始日期"),
        Column(name="schedule_title", label="时机"),
        Column(name="state_title", label="状态"),
        Column(name="rules", label="运行规则", is_figure=True),
        Column(name="hits", label="命中", is_figure=True),
        Column(name="undetermined", label="无法判定", is_figure=True),
        Column(name="release", label="规则目录"),
        Column(name="finished_at", label="完成时间", is_sortable=True),
        Column(name="failure", label="失败原因"),
    ),
    filters=(
        Filter(name="schedule", label="时机", options=SCHEDULES),
        Filter(name="state", label="状态", options=STATES),
    ),
    default_sort="-last_day",
    empty="还没有定时检查;有支付或账户余额等日报后,每个业务日结束时自动运行。",
    can_export=True,
)


def routes(
    scheduler: Scheduler, rulebook: Rulebook, home: Callable[[], str]
) -> APIRouter:
    """Return the pages of scheduled runs, for those whose scope holds this bureau.

    A run counts over every jurisdiction of the node; no part of it is anybody's own.
    """
    own = at_home(home)
    router = APIRouter(prefix=PATH, include_in_schema=False, dependencies=[own])

    @router.get("")
    def listing(request: Request, here: HereDep, desk: DeskDep) -> Response:
        table = RUNS.table(
            request.query_params, lambda ask: _page(scheduler, desk, ask)
        )
        return here.page("schedule/list.html", "table", table=table)

    @router.get("/export.{form}", dependencies=[needs(Permission.EXPORT_TABLES)])
    def exported(form: str, request: Request, desk: DeskDep) -> Response:
        ask = RUNS.ask(request.query_params)
        return export.table(
            form, RUNS, ask, lambda a: _page(scheduler, desk, a), desk=desk
        )

    @router.get("/{number}")
    def run(number: Number, here: HereDep, desk: DeskDep) -> Response:
        found = scheduler.find(desk.session, number)
        titles = rulebook.titles(desk.session)
        return here.page("schedule/run.html", found=found, titles=titles)

    return router


def _page(scheduler: Scheduler, desk: Desk, ask: TableAsk) -> Page[RunRow]:
    search = RunSearch(schedule=ask.get("schedule"), state=ask.get("state"))
    return scheduler.runs(desk.session, search, ask.page)
