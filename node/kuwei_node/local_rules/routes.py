"""Rules of the bureau's own: proposals, one of them, and what two persons do."""
# FastAPI reads annotations at run time, so they are not postponed here.

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Form, Path, Request
from fastapi.params import Depends as Dependency
from fastapi.responses import Response
from sqlalchemy.orm import Session

from kuwei_node.catalogue.domain import PROPOSAL_STATES, ProposalState
from kuwei_node.local_rules.domain import LocalProposal
from kuwei_node.local_rules.service import LocalRules
from kuwei_shared.identity.permissions import Permission
from kuwei_shared.kernel.pages import Page
from kuwei_shared.web import export
from kuwei_shared.web.guards import FORM, DeskDep, HereDep, at_home, needs
from kuwei_shared.web.parts import Desk
from kuwei_shared.web.tables import Column, Filter, Layout, TableAsk

PATH = "/rules/local"
Names = Callable[[Session, Iterable[str | None]], Mapping[str, str]]
RuleId = Annotated[str, Path(pattern=r"^L-[0-9]{9}-[A-Z0-9]{1,12}$")]
Number = Annotated[int, Path(ge=1, lt=2**63)]
Text = Annotated[str, Form(max_length=2_000)]
Source = Annotated[str, Form(max_length=60_000)]
PROPOSE = [needs(Permission.TUNE_RULES), FORM]
APPROVE = [needs(Permission.APPROVE_TUNING), FORM]

PROPOSALS = Layout(
    name="local-rules",
    title="地方规则",
    path=PATH,
    columns=(
        Column(name="proposed_at", label="提出时间", is_sortable=True),
        Column(name="rule_id", label="编号"),
        Column(name="title", label="名称"),
        Column(name="act_title", label="申请"),
        Column(name="reason", label="理由"),
        Column(name="proposed_by", label="提出人"),
        Column(name="state_title", label="状态"),
        Column(name="decided_by", label="审批"),
    ),
    filters=(Filter(name="state", label="状态", options=PROPOSAL_STATES),),
    default_sort="-proposed_at",
    empty="没有符合条件的地方规则申请。",
    can_export=True,
)


def routes(local: LocalRules, names: Names, home: Callable[[], str]) -> APIRouter:
    """Return the pages of local rules; only the bureau at ``home`` changes them."""
    router = APIRouter(prefix=PATH, include_in_schema=False)
    own = at_home(home)
    _reading(router, local, names)
    _proposing(router, local, home, own)
    _deciding(router, local, own)
    return router


def _reading(router: APIRouter, local: LocalRules, names: Names) -> None:
    def reading(desk: Desk) -> Callable[[TableAsk], Page[LocalProposal]]:
        return lambda ask: _page(local, names, desk, ask)

    @router.get("")
    def listing(request: Request, here: HereDep, desk: DeskDep) -> Response:
        table = PROPOSALS.table(request.query_params, reading(desk))
        known = local.in_force(desk.session)
        return here.page("local_rules/list.html", "table", table=table, known=known)

    @router.get("/export.{form}", dependencies=[needs(Permission.EXPORT_TABLES)])
    def exported(form: str, request: Request, desk: DeskDep) -> Response:
        ask = PROPOSALS.ask(request.query_params)
        return export.table(form, PROPOSALS, ask, reading(desk), desk=desk)

    @router.get("/{number:int}")
    def one(number: Number, here: HereDep, desk: DeskDep) -> Response:
        made = local.find(desk.session, number)
        (found,) = _named(names, desk, [made])
        is_own = made.proposed_by == desk.principal.subject
        return here.page("local_rules/proposal.html", found=found, is_own=is_own)


def _proposing(
    router: APIRouter, local: LocalRules, home: Callable[[], str], own: Dependency
) -> None:
    @router.post("", dependencies=[*PROPOSE, own])
    def propose(
        here: HereDep, desk: DeskDep, source: Source = "", reason: Text = ""
    ) -> Response:
        made = local.propose(
            desk.session, source, division=home(), reason=reason, by=desk.principal
        )
        _record(desk, "提出地方规则", made, made.reason)
        return here.done(f"{PATH}/{made.id}", "已提出,须由另一人审批后生效。")

    @router.post("/{rule_id}/end", dependencies=[*PROPOSE, own])
    def propose_end(
        rule_id: RuleId, here: HereDep, desk: DeskDep, reason: Text = ""
    ) -> Response:
        made = local.propose_end(
            desk.session, rule_id, reason=reason, by=desk.principal
        )
        _record(desk, "提出停用地方规则", made, made.reason)
        return here.done(f"{PATH}/{made.id}", "已提出停用,须由另一人审批。")


def _deciding(router: APIRouter, local: LocalRules, own: Dependency) -> None:
    @router.post("/{number:int}/approve", dependencies=[*APPROVE, own])
    def approve(
        number: Number, here: HereDep, desk: DeskDep, note: Text = ""
    ) -> Response:
        done = local.approve(desk.session, number, by=desk.principal, note=note)
        _record(desk, f"批准{done.act_title}地方规则", done, done.note)
        return here.done(
            f"{PATH}/{number}", f"地方规则 {done.rule_id} 即时{done.act_title}。"
        )

    @router.post("/{number:int}/refuse", dependencies=[*APPROVE, own])
    def refuse(
        number: Number, here: HereDep, desk: DeskDep, note: Text = ""
    ) -> Response:
        done = local.refuse(desk.session, number, by=desk.principal, note=note)
        _record(desk, "退回地方规则", done, done.note)
        return here.done(PATH, f"地方规则 {done.rule_id} 的申请已退回。")


def _record(desk: Desk, act: str, made: LocalProposal, reason: str) -> None:
    """Enter what a person did; the proposal keeps the file's text."""
    desk.record(act, made.rule_id, proposal=made.id, reason=reason)


def _page(
    local: LocalRules, names: Names, desk: Desk, ask: TableAsk
) -> Page[LocalProposal]:
    state = ask.get("state")
    known = ProposalState(state) if state in PROPOSAL_STATES else None
    page = local.page(desk.session, ask.page, known)
    return replace(page, rows=_named(names, desk, page.rows))


def _named(
    names: Names, desk: Desk, made: Sequence[LocalProposal]
) -> list[LocalProposal]:
    """Return proposals with the names of people instead of their accounts."""
    people = [who for one in made for who in (one.proposed_by, one.decided_by)]
    who = names(desk.session, people)
    return [
        replace(
            one,
            proposed_by=who.get(one.proposed_by, one.proposed_by),
            decided_by=who.get(one.decided_by or "", one.decided_by),
        )
        for one in made
    ]
