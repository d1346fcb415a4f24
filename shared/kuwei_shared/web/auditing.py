"""The auditor's page, the same at hub and node."""
# FastAPI reads annotations at run time, so they are not postponed here.

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from kuwei_shared.audit.chain import Entry
from kuwei_shared.audit.ledger import AuditLedger, AuditSearch
from kuwei_shared.identity.permissions import Permission
from kuwei_shared.kernel.pages import Page
from kuwei_shared.web import export
from kuwei_shared.web.guards import DeskDep, HereDep, needs
from kuwei_shared.web.tables import Column, Filter, Layout, TableAsk

PATH = "/audit"
CHECKED_ON_PAGE = 5_000
DETAILS = {
    "amount": "金额(元)",
    "approve_by": "审批人",
    "by": "经办人",
    "change": "事由",
    "codes": "区划",
    "count": "个数",
    "equal": "与当时一致",
    "files": "文件数",
    "filters": "条件",
    "form": "格式",
    "holders": "持有人",
    "level": "级次",
    "load": "批次",
    "param": "参数",
    "payment": "支付主键",
    "profile": "导入方案",
    "proposal": "调整单",
    "reason": "理由",
    "release": "目录版本",
    "renamed": "更名",
    "root": "根摘要",
    "rows": "行数",
    "sha256": "文件摘要",
    "sort": "排序",
    "value": "调整为",
    "withdraw_below": "停用此序号以前的版本",
}
"""Name of a detail as it is recorded → what a person is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An entry as a file says it."""

    seq: int
    at: dt.datetime
    actor: str
    act: str
    about: str
    details: str
    digest: str


Leads = Callable[[str], str | None]
"""What an act was about → the address of its page, None where there is none."""


def nowhere(_: str) -> None:
    """Link nothing."""


def routes(ledger: AuditLedger, leads: Leads = nowhere) -> APIRouter:
    """Return the router of ``/audit``, for auditors alone."""
    guard = [needs(Permission.SEE_AUDIT)]
    router = APIRouter(prefix=PATH, include_in_schema=False, dependencies=guard)

    @router.get("")
    def log(request: Request, here: HereDep, desk: DeskDep) -> Response:
        layout = _layout(ledger.acts(desk.session))
        table = layout.table(
            request.query_params,
            lambda ask: ledger.page(desk.session, _search(ask), ask.page),
        )
        checked = ledger.check(desk.session, most=CHECKED_ON_PAGE)
        return here.page(
            "web/audit.html",
            "table",
            table=table,
            checked=checked,
            labels=DETAILS,
            leads=leads,
        )

    @router.get("/export.{form}", dependencies=[needs(Permission.EXPORT_TABLES)])
    def exported(form: str, request: Request, desk: DeskDep) -> Response:
        layout = _layout([])
        ask = layout.ask(request.query_params)
        lines = pages(ledger, desk.session)
        return export.table(form, layout, ask, lines, desk=desk)

    return router


def pages(ledger: AuditLedger, session: Session) -> Callable[[TableAsk], Page[Line]]:
    """Return what reads page after page of the log as it is now.

    Entries written between two pages would push those before them onto the next
    page once more: they are left out.
    """
    newest = ledger.newest(session)

    def read(ask: TableAsk) -> Page[Line]:
        page = ledger.page(session, _search(ask, upto=newest), ask.page)
        rows = [_line(entry) for entry in page.rows]
        return Page(rows=rows, total=page.total, request=page.request)

    return read


def _search(ask: TableAsk, *, upto: int | None = None) -> AuditSearch:
    return AuditSearch(
        actor=ask.get("actor"),
        act=ask.get("act"),
        about=ask.get("about"),
        since=ask.day("since"),
        until=ask.day("until"),
        upto=upto,
    )


def _line(entry: Entry) -> Line:
    said = (f"{DETAILS.get(name, name)} {one}" for name, one in entry.details.items())
    return Line(
        seq=entry.seq,
        at=entry.at,
        actor=entry.actor_name,
        act=entry.act,
        about=entry.about,
        details="、".join(said),
        digest=entry.digest.hex(),
    )


def _layout(acts: list[str]) -> Layout:
    return Layout(
        name="audit",
        title="审计日志",
        path=PATH,
        columns=(
            Column(name="seq", label="序号", is_sortable=True, is_figure=True),
            Column(name="at", label="时间"),
            Column(name="actor", label="人员"),
            Column(name="act", label="动作"),
            Column(name="about", label="对象"),
            Column(name="details", label="说明"),
            Column(name="digest", label="摘要"),
        ),
        filters=(
            Filter(name="actor", label="人员"),
            Filter(
                name="act",
                label="动作",
                options={act: act for act in acts},
                is_open=True,
            ),
            Filter(name="about", label="对象"),
            Filter(name="since", label="起始日期", kind="date"),
            Filter(name="until", label="截止日期", kind="date"),
        ),
        default_sort="-seq",
        empty="没有符合条件的记录,或还没有记录。",
        can_export=True,
    )
