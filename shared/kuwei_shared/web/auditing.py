"""The auditor's page, the same at hub and node."""
# FastAPI reads annotations at run time, so they are not postponed here.

from fastapi import APIRouter, Request
from fastapi.responses import Response

from kuwei_shared.audit.ledger import AuditLedger, AuditSearch
from kuwei_shared.identity.permissions import Permission
from kuwei_shared.web.guards import DeskDep, HereDep, needs
from kuwei_shared.web.tables import Column, Filter, Layout, Table

PATH = "/audit"
CHECKED_ON_PAGE = 5_000
DETAILS = {
    "approve_by": "审批人",
    "by": "经办人",
    "change": "事由",
    "codes": "区划",
    "count": "个数",
    "equal": "与当时一致",
    "files": "文件数",
    "form": "格式",
    "holders": "持有人",
    "level": "级次",
    "load": "批次",
    "param": "参数",
    "profile": "导入方案",
    "proposal": "调整单",
    "reason": "理由",
    "renamed": "更名",
    "root": "根摘要",
    "rows": "行数",
    "sha256": "文件摘要",
    "value": "调整为",
    "withdraw_below": "停用此序号以前的版本",
}
"""Name of a detail as it is recorded → what a person is told."""


def routes(ledger: AuditLedger) -> APIRouter:
    """Return the router of ``/audit``, for auditors alone."""
    guard = [needs(Permission.SEE_AUDIT)]
    router = APIRouter(prefix=PATH, include_in_schema=False, dependencies=guard)

    @router.get("")
    def log(request: Request, here: HereDep, desk: DeskDep) -> Response:
        layout = _layout(ledger.acts(desk.session))
        ask = layout.ask(request.query_params)
        search = AuditSearch(
            actor=ask.get("actor"), act=ask.get("act"), about=ask.get("about")
        )
        table = Table(
            layout=layout, ask=ask, page=ledger.page(desk.session, search, ask.page)
        )
        fault = ledger.fault(desk.session, last=CHECKED_ON_PAGE)
        return here.page(
            "web/audit.html", "table", table=table, fault=fault, labels=DETAILS
        )

    return router


def _layout(acts: list[str]) -> Layout:
    return Layout(
        name="audit",
        title="审计日志",
        path=PATH,
        columns=(
            Column(name="seq", label="序号", is_figure=True),
            Column(name="at", label="时间"),
            Column(name="actor", label="人员"),
            Column(name="act", label="动作"),
            Column(name="about", label="对象"),
            Column(name="details", label="说明"),
            Column(name="digest", label="摘要"),
        ),
        filters=(
            Filter(name="actor", label="人员"),
            Filter(name="act", label="动作", options={act: act for act in acts}),
            Filter(name="about", label="对象"),
        ),
        empty="还没有记录。",
    )
