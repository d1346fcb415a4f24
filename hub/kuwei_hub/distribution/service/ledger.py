"""The adoption ledger: only a node's own signed word moves it.

A time-out, a fetch or a heartbeat says nothing about what screens payments at a
node (NVFlare#4209 counted a time-out as success); a report does, if its signature
is the node's, its number is the next, and its subject is the node itself. A number
means one report for ever: another under it is a forked history, and alarms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from kuwei_hub.distribution.domain import (
    Position,
    Reach,
    ReportRow,
    RolloutRow,
    RolloutSearch,
    Taken,
)
from kuwei_hub.distribution.service.ports import Alarm, NodeKeys
from kuwei_hub.distribution.store import ledger as store
from kuwei_hub.fleet.domain import EventKind
from kuwei_shared.identity.scope import VisibleJurisdictions, of_jurisdictions
from kuwei_shared.kernel.clock import Clock
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.kernel.pages import Page, PageRequest
from kuwei_shared.releases.adoption import (
    ADOPTION_TYPE,
    REPORT_CONFLICT,
    REPORTS_MAX,
    AdoptionReport,
)
from kuwei_shared.trust import dsse
from kuwei_shared.wire import adoption as wire


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """Adoption of releases across the province."""

    clock: Clock
    key_of: NodeKeys
    alarm: Alarm

    def record(
        self, session: Session, code: str, reports: Sequence[dsse.Signed]
    ) -> Taken:
        """Take a node's reports, in order; those held already change nothing.

        Another report under a number that is held is carried back as a refusal,
        ``report.conflict``; nothing behind it is taken, and an alarm is left.

        Args:
            session: the open transaction.
            code: the caller, from its certificate.
            reports: signed by the caller, at most 100.

        Raises:
            KuweiError: ``report.too_many``, ``report.stranger``, ``report.foreign``,
                ``report.gap``, ``signature.*``; nothing of the batch is kept then.
        """
        if len(reports) > REPORTS_MAX:
            raise KuweiError("report.too_many", f"一次最多上报 {REPORTS_MAX} 条。")
        key = self.key_of(session, code)
        if key is None:
            raise KuweiError(
                "report.stranger", f"节点 {code} 未入网,报告拒收。", kind=Kind.DENIED
            )
        at = store.position(session, of_jurisdictions([code]), code)
        for signed in reports:
            report = wire.decode(dsse.verify(signed, ADOPTION_TYPE, key))
            _require_own(code, report)
            if (report.epoch, report.seq) > (at.epoch, at.seq):
                at = self._advance(session, at, report=report, signed=signed)
            elif store.payload(session, of_jurisdictions([code]), report) != (
                signed.payload
            ):
                return Taken(at=at, refusal=self._forked(session, report))
        return Taken(at=at)

    def held(self, session: Session, code: str, epoch: int) -> int:
        """Return the number of the last report held of a node's epoch."""
        at = store.position(session, of_jurisdictions([code]), code)
        return at.seq if at.epoch == epoch else 0

    def rollout(
        self,
        session: Session,
        scope: VisibleJurisdictions,
        members: Sequence[str],
        request: PageRequest,
        search: RolloutSearch | None = None,
    ) -> Page[RolloutRow]:
        """Return where each member jurisdiction stands; the fleet names the members.

        The denominator is who is registered, not who was heard of.
        """
        return store.rollout(
            session, scope, members, request, search or RolloutSearch()
        )

    def reached(
        self, session: Session, scope: VisibleJurisdictions, members: Sequence[str]
    ) -> dict[int, Reach]:
        """Return how far each release has come among some members, by its number."""
        return store.reached(session, scope, members)

    def standing(
        self, session: Session, scope: VisibleJurisdictions, codes: Sequence[str]
    ) -> dict[str, RolloutRow]:
        """Return where each of some jurisdictions stands, by code."""
        found = store.standing(session, scope, codes)
        return {row.mof_div_code: row for row in found}

    def reports(
        self,
        session: Session,
        scope: VisibleJurisdictions,
        code: str,
        request: PageRequest,
        *,
        state: str | None = None,
    ) -> Page[ReportRow]:
        """Return a node's signed reports, newest first unless asked for the oldest."""
        return store.reports(session, scope, code, request, state=state)

    def _advance(
        self,
        session: Session,
        at: Position,
        *,
        report: AdoptionReport,
        signed: dsse.Signed,
    ) -> Position:
        expected = at.seq + 1 if report.epoch == at.epoch else 1
        if report.seq != expected:
            raise KuweiError(
                "report.gap",
                f"缺少第 {expected} 号启用报告,请从该号补报。",
                kind=Kind.CONFLICT,
                details={"expected_seq": expected},
            )
        store.append(session, report, dsse.to_json(signed), self.clock.now())
        return Position(epoch=report.epoch, seq=report.seq)

    def _forked(self, session: Session, report: AdoptionReport) -> KuweiError:
        note = f"启用报告 {report.epoch}-{report.seq} 与所存内容不同"
        self.alarm(session, report.node_code, EventKind.HISTORY_FORK, note)
        return KuweiError(
            REPORT_CONFLICT,
            f"省级在第 {report.seq} 号启用报告存有不同内容,疑为旧备份或另有一台在运行,"
            "已停止上报;核实后运行 kuwei-node new-epoch --confirm 并重启上报进程。",
            kind=Kind.CONFLICT,
        )


def _require_own(code: str, report: AdoptionReport) -> None:
    if report.node_code != code:
        raise KuweiError(
            "report.foreign",
            f"节点 {code} 不能代 {report.node_code} 报告。",
            kind=Kind.DENIED,
        )
