"""Alerts: the list, its export, and the page of one."""
# FastAPI reads annotations at run time, so they are not postponed here.

from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from kuwei_node.alerts.domain import OWN, AlertRow, AlertSearch
from kuwei_node.alerts.service import AlertReading
from kuwei_node.catalogue.service.rulebook import Rulebook
from kuwei_shared.identity.permissions import Permission
from kuwei_shared.kernel.pages import Page
from kuwei_shared.web import export
from kuwei_shared.web.formats import SEVERITIES
from kuwei_shared.web.guards import DeskDep, HereDep, needs
from kuwei_shared.web.parts import Desk
from kuwei_shared.web.tables import Column, Filter, Layout, TableAsk

PATH = "/alerts"
Number = Annotated[int, Path(ge=1, lt=2**63)]

COLUMNS = (
    Column(name="first_day", label="业务日期", is_sortable=True),
    Column(name="severity", label="等级", is_sortable=True, words=SEVERITIES),
    Column(name="rule_id", label="规则", is_sortable=True),
    Column(name="agency_name", label="预算单位"),
    Column(name="subject_title", label="对象"),
    Column(name="hit_count", label="命中次数", is_sortable=True, is_figure=True),
    Column(name="hit_amount", label="涉及金额(元)", is_sortable=True, is_figure=True),
    Column(name="last_at", label="最近预警", is_sortable=True),
)
PAYMENTS = (
    Column(name="vou_date", label="业务日期", is_sortable=True),
    Column(name="payment_id", label="支付主键", is_sortable=True),
    Column(name="stage", label="环节"),
    Column(name="payee_acct_name", label="收款人"),
    Column(name="use_des", label="用途"),
    Column(name="pay_amt", label="金额(元)", is_sortable=True, is_figure=True),
)


def routes(alerts: AlertReading, rulebook: Rulebook) -> APIRouter:
    """Return the pages of alerts, for posts that may see payments."""
    guard = [needs(Permission.SEE_PAYMENTS)]
    router = APIRouter(prefix=PATH, include_in_schema=False, dependencies=guard)

    @router.get("")
    def listing(request: Request, here: HereDep, desk: DeskDep) -> Response:
        titles = rulebook.titles(desk.session)
        layout = _layout(titles)
        table = layout.table(request.query_params, lambda ask: _page(alerts, desk, ask))
        return here.page("alerts/list.html", "table", table=table, titles=titles)

    @router.get("/export.{form}", dependencies=[needs(Permission.EXPORT_TABLES)])
    def exported(form: str, request: Request, desk: DeskDep) -> Response:
        layout = _layout(rulebook.titles(desk.session))
        ask = layout.ask(request.query_params)
        return export.table(
            form, layout, ask, lambda a: _page(alerts, desk, a), desk=desk
        )

    @router.get("/{number}")
    def alert(
        number: Number, request: Request, here: HereDep, desk: DeskDep
    ) -> Response:
        found = alerts.find(desk.session, desk.scope, number)
        layout = _payments_of(number)
        table = layout.table(
            request.query_params,
            lambda ask: alerts.payments(desk.session, desk.scope, found, ask.page),
        )
        return here.page("alerts/alert.html", "table", found=found, table=table)

    return router


def _layout(titles: dict[str, str]) -> Layout:
    titles = {one.id: one.title for one in OWN.values()} | titles
    rules = {rule_id: f"{rule_id} {title}" for rule_id, title in titles.items()}
    severities = {k: v for k, v in SEVERITIES.items() if k != "record"}
    return Layout(
        name="alerts",
        title="预警",
        path=PATH,
        columns=(
            *COLUMNS,
            Column(name="rule_id", label="规则名称", words=titles, is_filed_only=True),
            Column(name="agency_code", label="单位代码", is_filed_only=True),
            Column(name="mof_div_code", label="财政区划", is_filed_only=True),
        ),
        filters=(
            Filter(name="rule", label="规则", options=rules, is_open=True),
            Filter(name="severity", label="等级", options=severities),
            Filter(name="unit", label="单位代码或名称"),
            Filter(name="since", label="业务日期起", kind="date"),
            Filter(name="until", label="业务日期止", kind="date"),
        ),
        default_sort="-first_day",
        empty="没有符合条件的预警。",
        can_export=True,
    )


def _payments_of(number: int) -> Layout:
    return Layout(
        name="payments",
        title="预警所指的支付",
        path=f"{PATH}/{number}",
        columns=PAYMENTS,
        empty="这条预警的对象不是支付,请按对象标识核对。",
    )


def _page(alerts: AlertReading, desk: Desk, ask: TableAsk) -> Page[AlertRow]:
    search = AlertSearch(
        rule_id=ask.get("rule"),
        severity=ask.get("severity"),
        unit=ask.get("unit"),
        since=ask.day("since"),
        until=ask.day("until"),
    )
    return alerts.page(desk.session, desk.scope, search, ask.page)
