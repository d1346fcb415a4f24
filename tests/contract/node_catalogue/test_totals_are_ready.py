"""What a catalogue is judged from stands ready before it takes force."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import catalogue_lab
import embedded
import pytest
from node_lab import NodeLab
from screening_lab import payment
from sqlalchemy import create_engine, text

from kuwei_node.bootstrap import Node, build
from kuwei_node.catalogue.service.adoption import Adoption
from kuwei_node.schema import metadata
from kuwei_node.settings import Settings
from kuwei_shared.kernel.errors import KuweiError

pytestmark = pytest.mark.integration
LOCAL = "L-450102000-01"
BY = {"by": "监控岗", "approver": "复核岗"}
PAID = "pay_amt >= param.limit or coalesce(fact.project_paid, 0) > pay_amt + 150"
BY_PROJECT = catalogue_lab.rule(version=2, when=PAID)


@pytest.fixture
def node(postgres: embedded.Postgres, tmp_path: Path) -> Iterator[Node]:
    url = postgres.create("node_ready")
    engine = create_engine(url)
    metadata().create_all(engine)
    settings = Settings(mode="development", database_url=url, data_dir=tmp_path)
    node = build(settings, process="test")
    yield node
    node.unit_of_work.engine.dispose()
    metadata().drop_all(engine)
    engine.dispose()


@pytest.fixture
def lab(node: Node) -> NodeLab:
    """Return the adopting part of a node, wired as in its uplink process."""
    lab = NodeLab(node.unit_of_work.engine)
    lab.adoption = Adoption(
        clock=lab.clock,
        signer=lab.identity,
        agent_version="test",
        prepare=node.catalogues.rehearse,
    )
    lab.put_in_force(catalogue_lab.packed())
    return lab


def screen(node: Node, payment_id: str) -> bool:
    """Screen a payment of one project; return whether a rule was hit."""
    row = payment(payment_id, pro_code="P1")
    with node.unit_of_work.begin() as session:
        [answer] = node.screening.screen(session, [row])
    return bool(answer.hits)


def totals(node: Node) -> list[tuple[str, bool, int]]:
    """Return the totals kept: what, whether whole, by which transaction written."""
    with node.unit_of_work.begin() as session:
        asked = text(
            "SELECT said, is_whole, xmin::text::bigint FROM running_total_kind"
        )
        return [tuple(row) for row in session.execute(asked)]


def test_adopting_a_release_begins_its_totals(node: Node, lab: NodeLab) -> None:
    screen(node, "a")
    screen(node, "b")
    assert totals(node) == []

    lab.put_in_force(catalogue_lab.packed(BY_PROJECT), serial=2)

    [(said, is_whole, _)] = totals(node)
    assert "pro_code" in said
    assert is_whole


def test_after_adoption_the_first_screening_begins_no_total(
    node: Node, lab: NodeLab
) -> None:
    screen(node, "a")
    screen(node, "b")
    lab.put_in_force(catalogue_lab.packed(BY_PROJECT), serial=2)
    ready = totals(node)

    assert screen(node, "c")

    assert totals(node) == ready


def test_a_release_that_is_refused_leaves_the_old_one_judging(
    node: Node, lab: NodeLab
) -> None:
    screen(node, "a")
    misjudged = catalogue_lab.packed(
        catalogue_lab.rule(version=2, when=PAID, hit="19000000.00")
    )

    with pytest.raises(KuweiError, match="不成立"):
        lab.put_in_force(misjudged, serial=2)

    assert not screen(node, "b")
    assert totals(node) == []


@pytest.mark.usefixtures("lab")
def test_a_local_rule_begins_its_totals_before_it_takes_force(node: Node) -> None:
    screen(node, "a")
    screen(node, "b")

    with node.unit_of_work.begin() as session:
        source = catalogue_lab.rule(LOCAL, when=PAID, title="本级")
        node.local_changes.adopt_local(session, source, rule_id=LOCAL, **BY)
        during = [row[:2] for row in totals(node)]

    assert [is_whole for _, is_whole in during] == [True]
    ready = totals(node)
    assert screen(node, "c")
    assert totals(node) == ready


def test_moving_a_parameter_begins_what_is_missing(node: Node, lab: NodeLab) -> None:
    lab.put_in_force(catalogue_lab.packed(BY_PROJECT), serial=2)
    with node.unit_of_work.begin() as session:
        session.execute(text("DELETE FROM running_total_kind"))
    node.unit_of_work.engine.dispose()  # what is kept is remembered per connection

    with node.unit_of_work.begin() as session:
        node.local_changes.tune(session, "GX-U10", "limit", "5000000.00", **BY)

    assert [is_whole for _, is_whole, _ in totals(node)] == [True]
