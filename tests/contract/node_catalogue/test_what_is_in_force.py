from __future__ import annotations

import datetime as dt
from decimal import Decimal

import catalogue_lab
import pytest
from node_lab import NodeLab

from kuwei_node.catalogue.service.catalogues import Catalogues
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.kernel.pages import PageRequest

pytestmark = pytest.mark.integration
LOCAL = "L-450102000-01"
BY = {"by": "监控岗", "approver": "复核岗"}


def limit(lab: NodeLab) -> object:
    with lab.work.begin() as session:
        return lab.catalogues.current(session).by_id["GX-U10"].params["limit"]


def test_before_the_first_release_nothing_screens(lab: NodeLab) -> None:
    with (
        lab.work.begin() as session,
        pytest.raises(KuweiError, match="尚无"),
    ):
        lab.catalogues.current(session)


def test_a_release_in_force_is_compiled_once_per_edition(lab: NodeLab) -> None:
    lab.put_in_force(catalogue_lab.packed())

    with lab.work.begin() as session:
        first = lab.catalogues.current(session)
        second = lab.catalogues.current(session)

    assert first is second
    assert first.release == "2026.1.1"


def test_another_process_sees_a_new_release_at_once(lab: NodeLab) -> None:
    other = Catalogues(lab.clock)
    lab.put_in_force(catalogue_lab.packed())
    with lab.work.begin() as session:
        other.current(session)
    lab.put_in_force(catalogue_lab.packed(catalogue_lab.rule(version=2)), serial=2)

    with lab.work.begin() as session:
        assert other.current(session).release == "2026.1.2"


def test_a_parameter_moves_within_bounds_and_direction(lab: NodeLab) -> None:
    lab.put_in_force(catalogue_lab.packed())

    with lab.work.begin() as session:
        lab.changes.tune(session, "GX-U10", "limit", "5000000.00", **BY)

    assert limit(lab) == Decimal("5000000.00")


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("999999.99", "tuning.out_of_bounds"),
        ("20000000.01", "tuning.out_of_bounds"),
        ("二千万", "tuning.not_a_value"),
        ("NaN", "tuning.not_a_value"),
    ],
)
def test_a_parameter_stays_where_the_province_allows(
    lab: NodeLab, value: str, code: str
) -> None:
    lab.put_in_force(catalogue_lab.packed())

    with lab.work.begin() as session, pytest.raises(KuweiError) as refusal:
        lab.changes.tune(session, "GX-U10", "limit", value, **BY)

    assert refusal.value.code == code


def test_a_parameter_cannot_be_loosened(lab: NodeLab) -> None:
    lower = catalogue_lab.rule(default="10000000.00")
    lab.put_in_force(catalogue_lab.packed(lower.replace("19999999.99", "9999999.99")))

    with lab.work.begin() as session, pytest.raises(KuweiError) as refusal:
        lab.changes.tune(session, "GX-U10", "limit", "15000000.00", **BY)

    assert refusal.value.code == "tuning.wrong_direction"


def test_nobody_tunes_alone(lab: NodeLab) -> None:
    lab.put_in_force(catalogue_lab.packed())

    with lab.work.begin() as session, pytest.raises(KuweiError, match="one_person"):
        lab.changes.tune(
            session, "GX-U10", "limit", "5000000", by="监控岗", approver="监控岗"
        )


def test_a_tuning_can_be_taken_back(lab: NodeLab) -> None:
    lab.put_in_force(catalogue_lab.packed())
    with lab.work.begin() as session:
        lab.changes.tune(session, "GX-U10", "limit", "5000000.00", **BY)

    with lab.work.begin() as session:
        lab.changes.untune(session, "GX-U10", "limit", **BY)

    assert limit(lab) == Decimal("20000000.00")


def test_a_change_rolled_back_leaves_nothing_behind(lab: NodeLab) -> None:
    lab.put_in_force(catalogue_lab.packed())
    with lab.work.begin() as session:
        lab.changes.tune(session, "GX-U10", "limit", "5000000.00", **BY)
        lab.catalogues.current(session)
        session.rollback()

    with lab.work.begin() as session:
        lab.changes.tune(session, "GX-U10", "limit", "6000000.00", **BY)

    assert limit(lab) == Decimal("6000000.00")


def test_a_tuning_that_no_longer_fits_is_set_aside(lab: NodeLab) -> None:
    lab.put_in_force(catalogue_lab.packed())
    with lab.work.begin() as session:
        lab.changes.tune(session, "GX-U10", "limit", "5000000.00", **BY)
    stricter = catalogue_lab.rule(version=2).replace("tighten: down", "tighten: up")
    lab.put_in_force(catalogue_lab.packed(stricter), serial=2)

    with lab.work.begin() as session:
        in_force = lab.catalogues.in_force(session)

    assert limit(lab) == Decimal("20000000.00")
    assert [one.subject for one in in_force.set_aside] == ["GX-U10.limit"]


def test_a_local_rule_joins_the_standard(lab: NodeLab) -> None:
    lab.put_in_force(catalogue_lab.packed())

    with lab.work.begin() as session:
        source = catalogue_lab.rule(LOCAL, title="本级大额")
        lab.changes.adopt_local(session, source, rule_id=LOCAL, **BY)

    with lab.work.begin() as session:
        effective = lab.catalogues.current(session)
    assert effective.local_ids == {LOCAL}
    assert [one.rule.id for one in effective.realtime.rules] == ["GX-U10", LOCAL]


@pytest.mark.parametrize(
    ("rule_id", "source", "code"),
    [
        ("GX-U10", catalogue_lab.rule(), "local_rule.shadows"),
        ("X-1", catalogue_lab.rule("X-1"), "local_rule.bad_id"),
        (LOCAL, catalogue_lab.rule("GX-U99"), "local_rule.bad_id"),
        (LOCAL, "id: [", "catalogue.invalid"),
        (LOCAL, catalogue_lab.rule(LOCAL, hit="1.00"), "catalogue.example_failed"),
    ],
)
def test_a_local_rule_that_does_not_hold_is_refused(
    lab: NodeLab, rule_id: str, source: str, code: str
) -> None:
    lab.put_in_force(catalogue_lab.packed())

    with lab.work.begin() as session, pytest.raises(KuweiError) as refusal:
        lab.changes.adopt_local(session, source, rule_id=rule_id, **BY)

    assert refusal.value.code == code


def test_a_local_rule_outside_the_language_is_refused(lab: NodeLab) -> None:
    lab.put_in_force(catalogue_lab.packed())
    source = catalogue_lab.rule(LOCAL, when="pg_sleep(10) is null")

    with lab.work.begin() as session, pytest.raises(KuweiError, match=r"expression\."):
        lab.changes.adopt_local(session, source, rule_id=LOCAL, **BY)


def test_a_retired_local_rule_no_longer_screens(lab: NodeLab) -> None:
    lab.put_in_force(catalogue_lab.packed())
    with lab.work.begin() as session:
        lab.changes.adopt_local(
            session, catalogue_lab.rule(LOCAL, title="本级"), rule_id=LOCAL, **BY
        )

    with lab.work.begin() as session:
        lab.changes.retire_local(session, LOCAL, **BY)

    with lab.work.begin() as session:
        assert not lab.catalogues.current(session).local_ids


def test_what_was_in_force_once_can_be_compiled_again(lab: NodeLab) -> None:
    lab.put_in_force(catalogue_lab.packed())
    with lab.work.begin() as session:
        lab.changes.tune(session, "GX-U10", "limit", "5000000.00", **BY)
        before = lab.catalogues.current(session)
    then = lab.clock.now()
    lab.clock.advance(dt.timedelta(days=1))
    lab.put_in_force(catalogue_lab.packed(catalogue_lab.rule(version=2)), serial=2)

    with lab.work.begin() as session:
        again = lab.catalogues.rebuilt(session, "2026.1.1", before.tuning, then)

    assert again.fingerprint == before.fingerprint


def test_a_release_never_seen_cannot_be_replayed(lab: NodeLab) -> None:
    lab.put_in_force(catalogue_lab.packed())

    with lab.work.begin() as session, pytest.raises(KuweiError, match="unseen"):
        lab.catalogues.rebuilt(session, "2026.1.9", {}, lab.clock.now())


def test_a_trial_rule_is_in_force_but_does_not_act(lab: NodeLab) -> None:
    lab.put_in_force(catalogue_lab.packed(catalogue_lab.rule(status="trial")))

    with lab.work.begin() as session:
        rule = lab.catalogues.current(session).by_id["GX-U10"]

    assert not rule.acts


def test_a_stale_catalogue_stays_in_force_and_is_flagged(lab: NodeLab) -> None:
    lab.put_in_force(catalogue_lab.packed())
    with lab.work.begin() as session:
        lab.adoption.look(session, None)
    lab.clock.advance(dt.timedelta(days=3))

    with lab.work.begin() as session:
        status = lab.catalogues.status(session)
        assert lab.catalogues.current(session).release == "2026.1.1"

    assert status.is_stale


def test_releases_seen_are_listed(lab: NodeLab) -> None:
    lab.put_in_force(catalogue_lab.packed())
    lab.put_in_force(catalogue_lab.packed(catalogue_lab.rule(version=2)), serial=2)

    with lab.work.begin() as session:
        page = lab.catalogues.releases(session, PageRequest())

    assert [(row.version, row.state) for row in page.rows] == [
        ("2026.1.2", "active"),
        ("2026.1.1", "replaced"),
    ]
