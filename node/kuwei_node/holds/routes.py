"""The queue of held payments, and the two things a person can do with one."""
# FastAPI reads annotations at run time, so they are not postponed here.

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import Response

from kuwei_node.audit.service import Audit
from kuwei_node.catalogue.service.rulebook import Rulebook
from kuwei_node.holds.domain import STATES, Held, QueueRow, QueueSearch, State
from kuwei_node.holds.service import Holds
from kuwei_shared.identity.permissions import Permission
from kuwei_shared.kernel.pages import Page
from kuwei_shared.web import export
from kuwei_shared.web.formats import TIMINGS
from kuwei_shared.web.guards import FORM, DeskDep, HereDep, needs
from kuwei_shared.web.parts import Desk, Here
from kuwei_shared.web.tables import Column, Filter, Layout, TableAsk

PATH = "/holds"
DECISIONS = [needs(Permission.DECIDE_HELD), FORM]
Seq = Annotated[int, Path(ge=1, lt=2**63)]
# Its length is the service's business: a refusal there says what is wanted.
Reason = Annotated[str, Form(max_length=5_000)]

COLUMNS = (
    Column(name="held_at", label="暂缓时间", is_sortable=True),
    Column(name="payment_id", label="支付主键", is_sortable=True),
    Column(name="stage", label="环节", words=TIMINGS, is_filed_only=True),
    Column(name="vou_date", label="业务日期", is_filed_only=True),
    Column(name="agency_code", label="单位代码", is_filed_only=True),
    Column(name="agency_name", label="预算单位", is_sortable=True),
    Column(name="payee_acct_name", label="收款人"),
    Column(name="use_des", label="用途"),
    Column(name="pay_amt", label="金额(元)", is_sortable=True, is_figure=True),
    Column(name="hit_list", label="命中规则"),
    Column(name="paid_title", label="回单已到", is_filed_only=True),
)
OPEN = (*COLUMNS, Column(name="state_title", label="办理"))
DONE = (
    *COLUMNS,
    Column(name="state_title", label="处理结果"),
    Column(name="decided_at", label="处理时间", is_sortable=True),
    Column(name="decided_by", label="处理人"),
    Column(name="reason", label="理由"),
)


def routes(holds: Holds, rulebook: Rulebook, audit: Audit) -> APIRouter:
    """Return the pages of held payments, for posts that may see payments."""
    guard = [needs(Permission.SEE_PAYMENTS)]
    router = APIRouter(prefix=PATH, include_in_schema=False, dependencies=guard)
    _lists(router, holds, rulebook, audit)
    _decisions(router, holds)
    return router


def _lists(router: APIRouter, holds: Holds, rulebook: Rulebook, audit: Audit) -> None:
    def listed(request: Request, here: Here, desk: Desk, *, is_done: bool) -> Response:
        titles = rulebook.titles(desk.session)
        layout = _layout(titles, is_done=is_done)
        read = _reading(holds, audit, desk, is_done=is_done)
        count, oldest = holds.waiting(desk.session, desk.scope)
        return here.page(
            "holds/list.html",
            "table",
            table=layout.table(request.query_params, read),
            titles=titles,
            is_done=is_done,
            count=count,
            oldest=oldest,
            now=desk.clock.now(),
        )

    def filed(form: str, request: Request, desk: Desk, *, is_done: bool) -> Response:
        layout = _layout(rulebook.titles(desk.session), is_done=is_done)
        read = _reading(holds, audit, desk, is_done=is_done)
        ask = layout.ask(request.query_params)
        return export.table(form, layout, ask, read, desk=desk)

    @router.get("")
    def waiting(request: Request, here: HereDep, desk: DeskDep) -> Response:
        return listed(request, here, desk, is_done=False)

    @router.get("/done")
    def done(request: Request, here: HereDep, desk: DeskDep) -> Response:
        return listed(request, here, desk, is_done=True)

    @router.get("/export.{form}", dependencies=[needs(Permission.EXPORT_TABLES)])
    def exported(form: str, request: Request, desk: DeskDep) -> Response:
        return filed(form, request, desk, is_done=False)

    @router.get("/done/export.{form}", dependencies=[needs(Permission.EXPORT_TABLES)])
    def exported_done(form: str, request: Request, desk: DeskDep) -> Response:
        return filed(form, request, desk, is_done=True)


def _decisions(router: APIRouter, holds: Holds) -> None:
    @router.post("/{seq}/release", dependencies=DECISIONS)
    def release(
        seq: Seq, here: HereDep, desk: DeskDep, reason: Reason = ""
    ) -> Response:
        held = holds.release(
            desk.session, desk.scope, seq, by=desk.principal, reason=reason
        )
        _record(desk, "放行暂缓支付", held, reason)
        return here.done(PATH, f"已放行支付 {held.payment_id}。")

    @router.post("/{seq}/refuse", dependencies=DECISIONS)
    def refuse(seq: Seq, here: HereDep, desk: DeskDep, reason: Reason = "") -> Response:
        held = holds.refuse(
            desk.session, desk.scope, seq, by=desk.principal, reason=reason
        )
        _record(desk, "拒绝暂缓支付", held, reason)
        return here.done(PATH, f"已拒付支付 {held.payment_id},占用的额度已退回。")


def _record(desk: Desk, act: str, held: Held, reason: str) -> None:
    """Enter a decision in the audit log with what it was about, and why."""
    about = f"支付 {held.payment_seq}"
    amount, why = f"{held.pay_amt:,.2f}", reason.strip()
    desk.record(act, about, payment=held.payment_id, amount=amount, reason=why)


def _layout(titles: dict[str, str], *, is_done: bool) -> Layout:
    rules = {rule_id: f"{rule_id} {title}" for rule_id, title in titles.items()}
    filters = (
        Filter(name="unit", label="单位代码或名称"),
        Filter(name="rule", label="命中规则", options=rules, is_open=True),
    )
    named = Column(name="hit_list", label="规则名称", words=titles, is_filed_only=True)
    over = {state.value: STATES[state] for state in (State.RELEASED, State.REFUSED)}
    by_state = (Filter(name="state", label="处理结果", options=over),)
    return Layout(
        name="done" if is_done else "holds",
        title="已处理的暂缓支付" if is_done else "待处理的暂缓支付",
        path=f"{PATH}/done" if is_done else PATH,
        columns=(*(DONE if is_done else OPEN), named),
        filters=(*filters, *by_state) if is_done else filters,
        default_sort="-decided_at" if is_done else "held_at",
        empty="没有待处理的支付。" if not is_done else "没有符合条件的记录。",
        can_export=True,
    )


def _reading(
    holds: Holds, audit: Audit, desk: Desk, *, is_done: bool
) -> Callable[[TableAsk], Page[QueueRow]]:
    """Return what reads a page of the queue, who decided by name."""

    def read(ask: TableAsk) -> Page[QueueRow]:
        search = QueueSearch(
            states=_states(ask.get("state")) if is_done else (State.HELD,),
            unit=ask.get("unit"),
            rule_id=ask.get("rule"),
        )
        page = holds.queue(desk.session, desk.scope, search, ask.page)
        who = audit.names(desk.session, (row.decided_by for row in page.rows))
        rows = [
            replace(row, decided_by=who.get(row.decided_by or "", row.decided_by))
            for row in page.rows
        ]
        return replace(page, rows=rows)

    return read


def _states(chosen: str | None) -> tuple[State, ...]:
    over = (State.RELEASED, State.REFUSED)
    return tuple(state for state in over if chosen in {None, state.value}) or over
