"""The rules in force: list, page, proposals for parameters, and the brake."""
# FastAPI reads annotations at run time, so they are not postponed here.

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form, Path, Request
from fastapi.params import Depends as Dependency
from fastapi.responses import Response
from pydantic import BaseModel, Field

from kuwei_node.catalogue.domain import PROPOSAL_STATES, Proposal, ProposalState
from kuwei_node.catalogue.service.proposals import Proposals
from kuwei_node.effective.domain import (
    MODES,
    ProposalRow,
    RuleDetail,
    RuleRow,
    RuleSearch,
)
from kuwei_node.effective.service import Effective
from kuwei_shared.identity.permissions import Permission
from kuwei_shared.kernel.pages import Page
from kuwei_shared.web import export
from kuwei_shared.web.charts import Chart, Series
from kuwei_shared.web.formats import SEVERITIES, STATUSES, TIMINGS
from kuwei_shared.web.guards import FORM, DeskDep, HereDep, at_home, needs
from kuwei_shared.web.parts import Desk
from kuwei_shared.web.tables import Column, Filter, Layout, TableAsk

PATH = "/rules"
PROPOSALS = f"{PATH}/proposals"
BACK = "恢复省定值"
RuleId = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{1,39}$")]
Number = Annotated[int, Path(ge=1, lt=2**63)]
Text = Annotated[str, Form(max_length=2_000)]
PROPOSE = [needs(Permission.TUNE_RULES), FORM]
APPROVE = [needs(Permission.APPROVE_TUNING), FORM]

RULES = Layout(
    name="rules",
    title="现行规则",
    path=PATH,
    columns=(
        Column(name="rule_id", label="编号", is_sortable=True),
        Column(name="title", label="名称", is_sortable=True),
        Column(name="severity", label="等级", is_sortable=True, words=SEVERITIES),
        Column(name="status", label="状态", is_sortable=True, words=STATUSES),
        Column(name="mode_list", label="本级执行"),
        Column(name="trigger", label="检查时机", words=TIMINGS),
        Column(name="basis", label="依据"),
        Column(name="version", label="版次", is_figure=True),
    ),
    filters=(
        Filter(name="words", label="编号、名称或依据"),
        Filter(name="severity", label="等级", options=SEVERITIES),
        Filter(name="status", label="状态", options=STATUSES),
        Filter(name="mode", label="本级执行", options=MODES),
    ),
    empty="没有符合条件的规则。",
    can_export=True,
)
CHANGES = Layout(
    name="proposals",
    title="参数调整",
    path=PROPOSALS,
    columns=(
        Column(name="proposed_at", label="提出时间", is_sortable=True),
        Column(name="rule_id", label="规则"),
        Column(name="title", label="规则名称", is_filed_only=True),
        Column(name="param", label="参数"),
        Column(name="before", label="现行值", is_figure=True),
        Column(name="after", label="调整为", is_figure=True),
        Column(name="bounds", label="省定范围"),
        Column(name="default", label="省定值", is_filed_only=True),
        Column(name="reason", label="理由"),
        Column(name="proposed_by", label="提出人"),
        Column(name="state_title", label="状态"),
        Column(name="decided_by", label="审批"),
        Column(name="decided_at", label="审批时间", is_filed_only=True),
        Column(name="note", label="审批意见", is_filed_only=True),
    ),
    filters=(Filter(name="state", label="状态", options=PROPOSAL_STATES),),
    default_sort="-proposed_at",
    empty="没有符合条件的参数调整;在规则页面提出。",
    can_export=True,
)


class Wanted(BaseModel):
    """A proposal as the form sends it; its content is the service's business."""

    param: str = Field("", max_length=60)
    value: str = Field("", max_length=60)
    reason: str = Field("", max_length=2_000)

    @property
    def number(self) -> str | None:
        """The value without separators; None to return to the province's."""
        return self.value.replace(",", "").strip() or None


WantedForm = Annotated[Wanted, Form()]


def routes(
    effective: Effective, proposals: Proposals, home: Callable[[], str]
) -> APIRouter:
    """Return the pages of the rules; only the bureau at ``home`` changes them."""
    router = APIRouter(prefix=PATH, include_in_schema=False)
    own = at_home(home)
    _changes(router, effective, proposals, own)
    _rules(router, effective, own)
    return router


def _rules(router: APIRouter, effective: Effective, own: Dependency) -> None:
    @router.get("")
    def listing(request: Request, here: HereDep, desk: DeskDep) -> Response:
        table = RULES.table(
            request.query_params, lambda ask: _page(effective, desk, ask)
        )
        status, aside = effective.standing(desk.session)
        return here.page(
            "effective/list.html", "table", table=table, status=status, aside=aside
        )

    @router.get("/export.{form}", dependencies=[needs(Permission.EXPORT_TABLES)])
    def exported(form: str, request: Request, desk: DeskDep) -> Response:
        ask = RULES.ask(request.query_params)
        return export.table(
            form, RULES, ask, lambda a: _page(effective, desk, a), desk=desk
        )

    @router.get("/{rule_id}")
    def rule(rule_id: RuleId, here: HereDep, desk: DeskDep) -> Response:
        found = effective.rule(desk.session, desk.scope, rule_id)
        return here.page("effective/rule.html", found=found, hits=_chart(found))

    @router.post("/{rule_id}/reset", dependencies=[*APPROVE, own])
    def reset(
        rule_id: RuleId, here: HereDep, desk: DeskDep, reason: Text = ""
    ) -> Response:
        effective.reset(desk.session, rule_id, by=desk.principal, reason=reason)
        desk.record("恢复熔断规则", rule_id, reason=reason.strip())
        return here.done(f"{PATH}/{rule_id}", f"规则 {rule_id} 已恢复执行。")


def _changes(
    router: APIRouter, effective: Effective, proposals: Proposals, own: Dependency
) -> None:
    def reading(desk: Desk) -> Callable[[TableAsk], Page[ProposalRow]]:
        return lambda ask: effective.described(
            desk.session, _proposed(proposals, desk, ask), desk.principal
        )

    @router.get("/proposals")
    def changes(request: Request, here: HereDep, desk: DeskDep) -> Response:
        table = CHANGES.table(request.query_params, reading(desk))
        return here.page("effective/proposals.html", "table", table=table)

    @router.get(
        "/proposals/export.{form}", dependencies=[needs(Permission.EXPORT_TABLES)]
    )
    def exported(form: str, request: Request, desk: DeskDep) -> Response:
        ask = CHANGES.ask(request.query_params)
        return export.table(form, CHANGES, ask, reading(desk), desk=desk)

    @router.post("/{rule_id}/proposals", dependencies=[*PROPOSE, own])
    def propose(
        rule_id: RuleId, here: HereDep, desk: DeskDep, wanted: WantedForm
    ) -> Response:
        proposals.propose(
            desk.session,
            rule_id,
            wanted.param,
            value=wanted.number,
            reason=wanted.reason,
            by=desk.principal,
        )
        desk.record(
            "提出参数调整",
            rule_id,
            param=wanted.param,
            value=wanted.number or BACK,
            reason=wanted.reason.strip(),
        )
        return here.done(PROPOSALS, "调整已提出,须由另一人审批后生效。")

    @router.post("/proposals/{number}/approve", dependencies=[*APPROVE, own])
    def approve(
        number: Number, here: HereDep, desk: DeskDep, note: Text = ""
    ) -> Response:
        done = proposals.approve(desk.session, number, by=desk.principal, note=note)
        _record(desk, "批准参数调整", done)
        return here.done(PROPOSALS, f"{done.rule_id} 的参数调整已批准,即时生效。")

    @router.post("/proposals/{number}/refuse", dependencies=[*APPROVE, own])
    def refuse(
        number: Number, here: HereDep, desk: DeskDep, note: Text = ""
    ) -> Response:
        done = proposals.refuse(desk.session, number, by=desk.principal, note=note)
        _record(desk, "退回参数调整", done)
        return here.done(PROPOSALS, f"{done.rule_id} 的参数调整已退回。")


def _record(desk: Desk, act: str, done: Proposal) -> None:
    """Enter what a second person said of a proposal."""
    desk.record(
        act,
        done.rule_id,
        param=done.param,
        value=done.amount or BACK,
        reason=done.note,
        proposal=done.id,
    )


def _page(effective: Effective, desk: Desk, ask: TableAsk) -> Page[RuleRow]:
    search = RuleSearch(
        words=ask.get("words"),
        severity=ask.get("severity"),
        status=ask.get("status"),
        mode=ask.get("mode"),
    )
    return effective.rules(desk.session, search, ask.page)


def _proposed(proposals: Proposals, desk: Desk, ask: TableAsk) -> Page[Proposal]:
    state = ask.get("state")
    known = ProposalState(state) if state in PROPOSAL_STATES else None
    return proposals.page(desk.session, ask.page, known)


def _chart(found: RuleDetail) -> Chart:
    return Chart(
        title=f"近一年各月{'预警次数' if found.is_scheduled else '命中笔次'}",
        categories=[one.month for one in found.months],
        unit="次" if found.is_scheduled else "笔次",
        series=(
            Series(
                name="预警" if found.is_scheduled else "命中",
                values=[one.hits for one in found.months],
                tone="orange",
            ),
        ),
    )
