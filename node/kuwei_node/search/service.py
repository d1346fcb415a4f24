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
    Compared,
    Fields,
    PaymentRow,
    PaymentSearch,
    RuleOutcome,
    Verdict,
    compared,
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
    """A payment screened again, beside what was recorded of it.

    Attributes:
        release: the release asked for.
        is_same: it is the one that judged, with the same tunings and local rules;
            another judges as it would here now.
        then, now: what the rules amounted to, and amount to.
        differing: rules whose outcome or operands differ.
        is_equal: everything came out as recorded: decision, letters and operands.
    """

    release: str
    is_same: bool
    rules: int
    then: str
    now: str
    differing: Sequence[Compared]
    is_equal: bool


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

    def releases(self, session: Session) -> list[str]:
        """Return the releases a payment can be screened again under."""
        return self.rulebook.releases(session)

    def again(
        self,
        session: Session,
        scope: VisibleJurisdictions,
        seq: int,
        release: str | None = None,
    ) -> SecondLook:
        """Screen a payment again, recording nothing.

        Args:
            session: the open transaction.
            scope: what the viewer may see.
            seq: the payment's number.
            release: one this node has seen; None for the catalogue that judged.

        Raises:
            KuweiError: ``payment.unknown``, ``payment.not_screened``,
                ``catalogue.unseen``.
        """
        self._fields(session, scope, seq)
        recalled = self.screening.recall(session, seq)
        if recalled is None:
            raise KuweiError("payment.not_screened", "这笔记录没有经过审核,无从比对。")
        kept, effective = recalled
        is_same = release is None or release == effective.release
        by = effective if is_same else self.rulebook.under(session, release or "")
        # Facts reach beyond what the viewer may see; the outcomes are the node's.
        with own_sight(session):
            (judged,) = self.screening.judge(session, by, [seq])
        then = Verdict(
            effective=effective,
            letters=kept.outcomes,
            weight=kept.weight,
            operands=kept.operands,
        )
        now = Verdict(
            effective=by,
            letters=judged.outcomes,
            weight=judged.weight,
            operands=judged.operands,
        )
        return SecondLook(
            release=by.release,
            is_same=is_same,
            rules=len(now.letters),
            then=then.decision,
            now=now.decision,
            differing=compared(then, now),
            is_equal=then.says_as(now),
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
