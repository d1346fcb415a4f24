"""A node's own page: what happened to it, shutting it out, letting it in again."""
# FastAPI reads annotations at run time, so they are not postponed here.

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form, Path, Request
from fastapi.params import Depends as Dependency
from fastapi.responses import Response
from pydantic import BaseModel, Field

from kuwei_hub.fleet.domain import EVENTS, STATES
from kuwei_hub.fleet.service.company import Company
from kuwei_hub.fleet.service.suspension import Suspensions
from kuwei_hub.territory.service import Territory
from kuwei_shared.identity.permissions import Permission
from kuwei_shared.identity.scope import of_jurisdictions
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.web.guards import FORM, DeskDep, HereDep, at_home, needs
from kuwei_shared.web.tables import Column, Layout, Table

PATH = "/nodes"
Code = Annotated[str, Path(pattern=r"^[0-9]{9}$")]
MANAGE = [needs(Permission.MANAGE_FLEET), FORM]
APPROVE = [needs(Permission.APPROVE_REINSTATEMENT), FORM]


class Order(BaseModel):
    """What a form about a node says; a reason's length is the service's business.

    Attributes:
        confirm: the node's code, typed once more by who is about to act.
    """

    reason: str = Field("", max_length=2_000)
    confirm: str = Field("", max_length=20)

    def require_confirmed(self, code: str) -> None:
        """Refuse an act on a node nobody typed the code of."""
        if self.confirm.strip() != code:
            raise KuweiError(
                "node.not_confirmed",
                f"请在“确认”一栏再输入一遍区划代码 {code},以免误停或误放。",
            )


OrderForm = Annotated[Order, Form()]


def routes(
    company: Company,
    suspensions: Suspensions,
    territory: Territory,
    home: Callable[[], str],
) -> APIRouter:
    """Return the pages of nodes; only the bureau at ``home`` changes anything."""
    router = APIRouter(prefix=PATH, include_in_schema=False)
    _history(router, company, suspensions, territory)
    _acts(router, suspensions, at_home(home))
    return router


def _history(
    router: APIRouter,
    company: Company,
    suspensions: Suspensions,
    territory: Territory,
) -> None:
    @router.get("/{code}")
    def node(code: Code, request: Request, here: HereDep, desk: DeskDep) -> Response:
        layout = _events_of(code)
        ask = layout.ask(request.query_params)
        place = territory.find(desk.session, desk.scope, code)
        found = company.node(desk.session, desk.scope, code)
        if found is None:
            raise KuweiError("node.unknown", f"节点 {code} 未登记。", kind=Kind.MISSING)
        page = company.events(desk.session, of_jurisdictions([code]), ask.page)
        return here.page(
            "fleet/node.html",
            "table",
            table=Table(layout=layout, ask=ask, page=page),
            place=place,
            node=found,
            states=STATES,
            kinds=EVENTS,
            suspension=suspensions.of_node(desk.session, desk.scope, code),
        )


def _acts(router: APIRouter, suspensions: Suspensions, own: Dependency) -> None:
    @router.post("/{code}/suspend", dependencies=[*MANAGE, own])
    def suspend(code: Code, here: HereDep, desk: DeskDep, order: OrderForm) -> Response:
        order.require_confirmed(code)
        by, reason = desk.principal.subject, order.reason
        suspensions.suspend(desk.session, code, by=by, reason=reason)
        desk.record("停用节点", f"节点 {code}", reason=reason)
        return here.done(f"{PATH}/{code}", f"节点 {code} 已停用,即刻断开。")

    @router.post("/{code}/reinstatement", dependencies=[*MANAGE, own])
    def ask(code: Code, here: HereDep, desk: DeskDep, order: OrderForm) -> Response:
        by, reason = desk.principal.subject, order.reason
        suspensions.ask(desk.session, code, by=by, reason=reason)
        desk.record("申请恢复节点", f"节点 {code}", reason=reason)
        return here.done(f"{PATH}/{code}", "恢复已提出,须由另一人批准。")

    @router.post("/{code}/reinstatement/approve", dependencies=[*APPROVE, own])
    def approve(code: Code, here: HereDep, desk: DeskDep, order: OrderForm) -> Response:
        order.require_confirmed(code)
        suspensions.approve(desk.session, code, by=desk.principal.subject)
        desk.record("批准恢复节点", f"节点 {code}")
        return here.done(f"{PATH}/{code}", f"节点 {code} 已恢复,将自行重新联络。")

    @router.post("/{code}/reinstatement/refuse", dependencies=[*APPROVE, own])
    def refuse(code: Code, here: HereDep, desk: DeskDep, order: OrderForm) -> Response:
        by, reason = desk.principal.subject, order.reason
        suspensions.refuse(desk.session, code, by=by, reason=reason)
        desk.record("退回恢复申请", f"节点 {code}", reason=reason)
        return here.done(f"{PATH}/{code}", "恢复申请已退回,节点仍停用。")


def _events_of(code: str) -> Layout:
    return Layout(
        name="events",
        title="节点经过",
        path=f"{PATH}/{code}",
        columns=(
            Column(name="at", label="时间"),
            Column(name="kind", label="事项"),
            Column(name="actor", label="经办"),
            Column(name="note", label="说明"),
        ),
        empty="还没有记录。",
    )
