"""Payments: search, list, export, the page of one, and screening it again."""
# FastAPI reads annotations at run time, so they are not postponed here.

from typing import Annotated

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import Response

from kuwei_node.search.domain import ASKED_FOR, STAGES, PaymentRow, PaymentSearch
from kuwei_node.search.service import Search, SecondLook
from kuwei_shared.identity.permissions import Permission
from kuwei_shared.kernel.pages import Page
from kuwei_shared.web import export
from kuwei_shared.web.guards import FORM, DeskDep, HereDep, needs
from kuwei_shared.web.parts import Desk, Here
from kuwei_shared.web.tables import Column, Filter, Layout, TableAsk

PATH = "/payments"
Release = Annotated[str, Form(max_length=60)]
Seq = Annotated[int, Path(ge=1, lt=2**63)]

COLUMNS = (
    Column(name="vou_date", label="业务日期", is_sortable=True),
    Column(name="payment_id", label="支付主键", is_sortable=True),
    Column(name="stage_title", label="环节"),
    Column(name="agency_code", label="单位代码", is_sortable=True),
    Column(name="agency_name", label="预算单位"),
    Column(name="payee_acct_name", label="收款人"),
    Column(name="use_des", label="用途"),
    Column(name="pay_amt", label="金额(元)", is_sortable=True, is_figure=True),
    Column(name="decision_title", label="结论"),
    Column(name="hit_list", label="命中规则"),
)
FILTERS = (
    Filter(name="number", label="支付主键"),
    Filter(name="unit", label="单位代码或名称"),
    Filter(name="payee", label="收款人或账号"),
    Filter(name="since", label="业务日期起", kind="date"),
    Filter(name="until", label="业务日期止", kind="date"),
    Filter(name="least", label="金额不低于(元)", kind="text"),
    Filter(name="most", label="金额不高于(元)", kind="text"),
    Filter(name="decision", label="结论", options=ASKED_FOR),
    Filter(name="stage", label="环节", options=STAGES),
)


def routes(search: Search) -> APIRouter:
    """Return the pages of payments, for posts that may see them."""
    guard = [needs(Permission.SEE_PAYMENTS)]
    router = APIRouter(prefix=PATH, include_in_schema=False, dependencies=guard)

    @router.get("")
    def listing(request: Request, here: HereDep, desk: DeskDep) -> Response:
        titles = search.rulebook.titles(desk.session)
        layout = _layout(titles)
        table = layout.table(request.query_params, lambda ask: _page(search, desk, ask))
        return here.page("search/list.html", "table", table=table, titles=titles)

    @router.get("/export.{form}", dependencies=[needs(Permission.EXPORT_TABLES)])
    def exported(form: str, request: Request, desk: DeskDep) -> Response:
        layout = _layout(search.rulebook.titles(desk.session))
        ask = layout.ask(request.query_params)
        return export.table(
            form, layout, ask, lambda a: _page(search, desk, a), desk=desk
        )

    def shown(seq: int, here: Here, desk: Desk, again: SecondLook | None) -> Response:
        found = search.find(desk.session, desk.scope, seq)
        releases = search.releases(desk.session)
        return here.page(
            "search/payment.html", found=found, again=again, releases=releases
        )

    @router.get("/{seq}")
    def payment(seq: Seq, here: HereDep, desk: DeskDep) -> Response:
        return shown(seq, here, desk, None)

    @router.post("/{seq}/rescreen", dependencies=[FORM])
    def rescreen(
        seq: Seq, here: HereDep, desk: DeskDep, release: Release = ""
    ) -> Response:
        again = search.again(desk.session, desk.scope, seq, release or None)
        equal = "是" if again.is_equal else "否"
        desk.record("重新审核", f"支付 {seq}", release=again.release, equal=equal)
        return shown(seq, here, desk, again)

    return router


def _layout(titles: dict[str, str]) -> Layout:
    options = {rule_id: f"{rule_id} {title}" for rule_id, title in titles.items()}
    return Layout(
        name="payments",
        title="支付",
        path=PATH,
        columns=(
            *COLUMNS,
            Column(name="hit_list", label="规则名称", words=titles, is_filed_only=True),
        ),
        filters=(
            *FILTERS,
            Filter(name="rule", label="命中规则", options=options, is_open=True),
        ),
        default_sort="-vou_date",
        empty="没有符合条件的支付,请放宽查询条件。",
        can_export=True,
    )


def _page(search: Search, desk: Desk, ask: TableAsk) -> Page[PaymentRow]:
    wanted = PaymentSearch(
        number=ask.get("number"),
        unit=ask.get("unit"),
        payee=ask.get("payee"),
        since=ask.day("since"),
        until=ask.day("until"),
        least=ask.amount("least"),
        most=ask.amount("most"),
        decision=ask.get("decision"),
        rule_id=ask.get("rule"),
        stage=ask.get("stage"),
    )
    return search.page(desk.session, desk.scope, wanted, ask.page)
