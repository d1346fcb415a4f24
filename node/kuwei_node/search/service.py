"""Looking for payments, and reading one: fields, outcomes, stages, a second look."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from kuwei_node.catalogue.service.rulebook import Rulebook
from kuwei_node.holds.domain import Decided
from kuwei_node.holds.service import Holds
from kuwei_node.screening.service import Screening
from kuwei_node.search import store
from kuwei_node.search.domain import (
    Fields,
    PaymentRow,
    PaymentSearch,
    RuleOutcome,
    outcomes_of,
)
from kuwei_shared.catalogue.wording import said
from kuwei_shared.db.row_security import own_sight
from kuwei_shared.identity.scope import VisibleJurisdictions
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.kernel.pages import Page, PageRequest
from kuwei_shared.screening.decision import Outcome

Names = Callable[[Session, Iterable[str | None]], Mapping[str, str]]
"""Subjects → the names people know them by; who never acted here has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Screened:
    """How a payment was screened when it arrived.

    Attributes:
        decision: what was answered.
        release: the release that judged.
        outcomes: every rule's, in catalogue order.
    """

    decision: str
    release: str
    outcomes: Sequence[RuleOutcome]

    def having(self, *outcomes: str) -> list[RuleOutcome]:
        """Return the rules that came out one of these ways (names of Outcome)."""
        wanted = {Outcome[name] for name in outcomes}
        return [one for one in self.outcomes if one.outcome in wanted]

    @property
    def stopping(self) -> list[RuleOutcome]:
        """The rules whose outcome alone holds or refuses the payment."""
        return [one for one in self.outcomes if one.stops]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentDetail:
    """A payment with everything its page shows.

    Attributes:
        labelled: Chinese label → value as written, of every field it has.
        screened: None for entries no rule sees, such as reversals.
        family: its stages and what refunds, corrects or reverses it.
    """

    fields: Fields
    labelled: dict[str, str]
    screened: Screened | None
    family: Sequence[PaymentRow]
    hold: Decided | None

    @property
    def is_afterwards(self) -> bool:
        """Whether its money had moved when it came, so that nothing could stop it."""
        fields = self.fields
        return fields["import_id"] is not None or fields["stage"] == "receipt"

    @property
    def should(self) -> str | None:
        """What the rules would have decided, had there been something to stop."""
        if not self.is_afterwards or self.screened is None:
            return None
        stops = {one.stops for one in self.screened.stopping}
        return next((one for one in ("reject", "hold") if one in stops), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondLook:
    """A payment screened again under the release that screened it.

    Attributes:
        differing: rule id, outcome recorded, outcome now; empty when equal.
    """

    release: str
    rules: int
    differing: Sequence[tuple[str, Outcome, Outcome]]

    @property
    def is_equal(self) -> bool:
        """Whether everything came out as recorded."""
        return not self.differing


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Payments of one node, for people."""

    rulebook: Rulebook
    screening: Screening
    holds: Holds
    names: Names

    def page(
        self,
        session: Session,
        scope: VisibleJurisdictions,
        search: PaymentSearch,
        request: PageRequest,
    ) -> Page[PaymentRow]:
        """Return a page of payments."""
        return store.page(session, scope, search, request)

    def find(
        self, session: Session, scope: VisibleJurisdictions, seq: int
    ) -> PaymentDetail:
        """Return one payment.

        Raises:
            KuweiError: ``payment.unknown``, also for one outside the scope.
        """
        fields = self._fields(session, scope, seq)
        words = self.rulebook.vocabulary(session)
        return PaymentDetail(
            fields=fields,
            labelled={
                field.label: said(name, fields[name], words)
                for name, field in words.payment.items()
                if fields.get(name) is not None
            },
            screened=self._screened(session, fields),
            family=store.related(session, scope, fields),
            hold=self._hold(session, scope, seq),
        )

    def again(
        self, session: Session, scope: VisibleJurisdictions, seq: int
    ) -> SecondLook:
        """Screen a payment again under the catalogue that screened it.

        Raises:
            KuweiError: ``payment.unknown``, ``payment.not_screened``.
        """
        self._fields(session, scope, seq)
        recalled = self.screening.recall(session, seq)
        if recalled is None:
            raise KuweiError("payment.not_screened", "这笔记录没有经过审核,无从比对。")
        kept, effective = recalled
        # Facts reach beyond what the viewer may see; the outcomes are the node's.
        with own_sight(session):
            ((_, judged),) = self.screening.rescreen(session, [seq])
        ids = [one.rule.id for one in effective.realtime.rules]
        pairs = zip(ids, kept.outcomes, judged.outcomes, strict=True)
        return SecondLook(
            release=effective.release,
            rules=len(ids),
            differing=[
                (rule_id, Outcome(then), Outcome(now))
                for rule_id, then, now in pairs
                if then != now
            ],
        )

    def _fields(
        self, session: Session, scope: VisibleJurisdictions, seq: int
    ) -> Fields:
        found = store.fields(session, scope, seq)
        if found is None:
            raise KuweiError(
                "payment.unknown",
                "没有这笔支付,或它不在您的管辖范围内。",
                kind=Kind.MISSING,
            )
        return found

    def _hold(
        self, session: Session, scope: VisibleJurisdictions, seq: int
    ) -> Decided | None:
        """Return a payment's hold, who decided by name."""
        found = self.holds.decided(session, scope, seq)
        if found is None or found.decided_by is None:
            return found
        who = self.names(session, [found.decided_by])
        return replace(found, decided_by=who.get(found.decided_by, found.decided_by))

    def _screened(self, session: Session, fields: Fields) -> Screened | None:
        recalled = self.screening.recall(session, fields["seq"])
        if recalled is None:
            return None
        kept, effective = recalled
        return Screened(
            decision=kept.decision.value,
            release=effective.release,
            outcomes=outcomes_of(effective, kept.outcomes, kept.operands, fields),
        )
