from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from hub_lab import HubLab
from release_lab import AUTHOR
from sqlalchemy.orm import Session

from kuwei_hub.distribution.domain import Position, Reach, RolloutSearch
from kuwei_shared.identity.scope import of_jurisdictions, of_service
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.kernel.pages import PageRequest
from kuwei_shared.releases.adoption import AdoptionState

pytestmark = pytest.mark.integration
CODE, OTHER = "450102000", "450303000"


def test_the_ledger_follows_signed_reports(lab: HubLab, session: Session) -> None:
    lab.publish(session, "2026.1.1")
    lab.library.assign(session, "2026.1.1", [CODE], by=AUTHOR)
    lab.hand_in(session, CODE, lab.report(CODE, 1, AdoptionState.TOLD))
    lab.clock.advance(dt.timedelta(minutes=3))
    lab.hand_in(session, CODE, lab.report(CODE, 2, AdoptionState.ACTIVE))

    page = lab.ledger.rollout(session, of_service(), [CODE, OTHER], PageRequest())

    mine, other = page.rows
    assert (mine.state, mine.active_version) == (AdoptionState.ACTIVE, "2026.1.1")
    assert mine.age(lab.clock.now()) == dt.timedelta(0)
    assert (other.state, other.serial, page.total) == (None, None, 2)


def test_a_release_says_how_many_shall_run_it_and_how_many_do(
    lab: HubLab, session: Session
) -> None:
    first, second = (lab.publish(session, f"2026.1.{n}").serial for n in (1, 2))
    lab.library.assign(session, "2026.1.2", [CODE, OTHER], by=AUTHOR)
    lab.hand_in(session, CODE, lab.report(CODE, 1, AdoptionState.ACTIVE))

    everywhere = lab.ledger.reached(session, of_service(), [CODE, OTHER])
    elsewhere = lab.ledger.reached(session, of_jurisdictions([OTHER]), [CODE, OTHER])

    assert everywhere == {first: Reach(running=1), second: Reach(assigned=2)}
    assert elsewhere == {second: Reach(assigned=1)}
    assert str(Reach(assigned=2, running=1)) == "1 / 2"


def test_a_rollout_is_narrowed_to_one_release(lab: HubLab, session: Session) -> None:
    for version, code in (("2026.1.1", CODE), ("2026.1.2", OTHER)):
        lab.publish(session, version)
        lab.library.assign(session, version, [code], by=AUTHOR)

    page = lab.ledger.rollout(
        session,
        of_service(),
        [CODE, OTHER],
        PageRequest(),
        RolloutSearch(version="2026.1.2"),
    )

    assert ([row.mof_div_code for row in page.rows], page.total) == ([OTHER], 1)


def test_a_failure_shows_its_reason(lab: HubLab, session: Session) -> None:
    lab.publish(session, "2026.1.1")
    lab.library.assign(session, "2026.1.1", [CODE], by=AUTHOR)
    failed = lab.report(CODE, 1, AdoptionState.FAILED, reason="GX-U10 例“差一分”不符")
    lab.hand_in(session, CODE, failed)

    row = lab.ledger.rollout(session, of_service(), [CODE], PageRequest()).rows[0]

    assert row.state is AdoptionState.FAILED
    assert "差一分" in row.reason
    assert row.active_serial is None


def test_a_release_refused_unseen_is_known_by_its_version(
    lab: HubLab, session: Session
) -> None:
    lab.publish(session, "2026.1.1")
    lab.library.assign(session, "2026.1.1", [CODE], by=AUTHOR)
    lab.hand_in(session, CODE, lab.refusal(CODE, 1, "2026.1.1"))

    row = lab.ledger.rollout(session, of_service(), [CODE], PageRequest()).rows[0]

    assert (row.state, row.reason) == (AdoptionState.FAILED, "签名已过期")


def test_a_refusal_of_the_whole_repository_is_kept_and_moves_no_release(
    lab: HubLab, session: Session
) -> None:
    lab.publish(session, "2026.1.1")
    lab.library.assign(session, "2026.1.1", [CODE], by=AUTHOR)
    lab.hand_in(session, CODE, lab.report(CODE, 1), lab.refusal(CODE, 2, ""))

    row = lab.ledger.rollout(session, of_service(), [CODE], PageRequest()).rows[0]

    page = lab.ledger.reports(session, of_service(), CODE, PageRequest())
    assert row.state is AdoptionState.ACTIVE
    assert [one.version for one in page.rows] == ["", "2026.1.1"]


def test_a_report_handed_in_twice_counts_once(lab: HubLab, session: Session) -> None:
    report = lab.report(CODE, 1)
    lab.hand_in(session, CODE, report)

    position = lab.hand_in(session, CODE, report)

    page = lab.ledger.reports(session, of_service(), CODE, PageRequest())
    assert position == Position(epoch=1, seq=1)
    assert len(page.rows) == 1


def test_another_report_under_a_held_number_is_refused_and_alarms(
    lab: HubLab, session: Session
) -> None:
    lab.hand_in(session, CODE, lab.report(CODE, 1, AdoptionState.TOLD))
    other = lab.report(CODE, 1, AdoptionState.ACTIVE)

    with pytest.raises(KuweiError, match=r"report\.conflict"):
        lab.hand_in(session, CODE, other, lab.report(CODE, 2))

    page = lab.ledger.reports(session, of_service(), CODE, PageRequest())
    assert [row.state for row in page.rows] == [AdoptionState.TOLD]
    assert lab.alarms == [f"{CODE} alarm_history_fork"]


def test_a_report_of_an_epoch_that_is_over_is_a_fork(
    lab: HubLab, session: Session
) -> None:
    lab.hand_in(session, CODE, lab.report(CODE, 1), lab.report(CODE, 1, epoch=2))

    with pytest.raises(KuweiError, match=r"report\.conflict"):
        lab.hand_in(session, CODE, lab.report(CODE, 2))

    assert lab.alarms == [f"{CODE} alarm_history_fork"]


def test_reports_before_a_new_enrolment_are_still_counted(
    lab: HubLab, session: Session
) -> None:
    before = [lab.report(CODE, seq) for seq in (1, 2, 3)]
    lab.hand_in(session, CODE, *before, lab.report(CODE, 1, epoch=2))

    pages = [
        lab.ledger.reports(session, of_service(), CODE, PageRequest(number=n, size=3))
        for n in (1, 2)
    ]

    found = [(row.epoch, row.seq) for page in pages for row in page.rows]
    assert found == [(2, 1), (1, 3), (1, 2), (1, 1)]
    assert [page.total for page in pages] == [4, 4]
    assert pages[0].last == 2


def test_a_gap_is_refused_and_names_the_missing_number(
    lab: HubLab, session: Session
) -> None:
    with pytest.raises(KuweiError, match=r"report\.gap") as refusal:
        lab.hand_in(session, CODE, lab.report(CODE, 2))

    assert refusal.value.details == {"expected_seq": 1}


def test_a_restored_node_starts_a_new_epoch(lab: HubLab, session: Session) -> None:
    lab.hand_in(session, CODE, lab.report(CODE, 1), lab.report(CODE, 2))

    position = lab.hand_in(session, CODE, lab.report(CODE, 1, epoch=2))

    assert position == Position(epoch=2, seq=1)


def test_a_node_cannot_report_for_another(lab: HubLab, session: Session) -> None:
    lab.enrol(CODE)
    own_key_foreign_name = lab.report(OTHER, 1, signer=CODE)

    with pytest.raises(KuweiError, match=r"report\.foreign"):
        lab.hand_in(session, CODE, own_key_foreign_name)


def test_a_report_under_another_key_is_refused(lab: HubLab, session: Session) -> None:
    lab.enrol(CODE)
    forged = lab.report(CODE, 1, signer=OTHER)

    with pytest.raises(KuweiError, match=r"signature\.invalid"):
        lab.hand_in(session, CODE, forged)


def test_a_changed_report_is_refused(lab: HubLab, session: Session) -> None:
    signed = lab.report(CODE, 1, AdoptionState.FAILED, reason="x")
    changed = dataclasses.replace(signed, payload=signed.payload.replace(b"x", b"y"))

    with pytest.raises(KuweiError, match=r"signature\.invalid"):
        lab.hand_in(session, CODE, changed)


def test_a_stranger_reports_nothing(lab: HubLab, session: Session) -> None:
    report = lab.report(OTHER, 1)

    with pytest.raises(KuweiError, match=r"report\.stranger"):
        lab.hand_in(session, CODE, report)


def test_a_batch_is_bounded(lab: HubLab, session: Session) -> None:
    with pytest.raises(KuweiError, match=r"report\.too_many"):
        lab.hand_in(session, CODE, *[lab.report(CODE, 1)] * 101)


def test_the_rollout_shows_the_callers_jurisdictions_only(
    lab: HubLab, session: Session
) -> None:
    scope = of_jurisdictions([CODE])

    page = lab.ledger.rollout(session, scope, [CODE, OTHER], PageRequest())

    assert [row.mof_div_code for row in page.rows] == [CODE]


def test_reports_outside_the_scope_are_refused(lab: HubLab, session: Session) -> None:
    scope = of_jurisdictions([CODE])

    with pytest.raises(KuweiError, match=r"scope\.outside"):
        lab.ledger.reports(session, scope, OTHER, PageRequest())
