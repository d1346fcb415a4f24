from __future__ import annotations

from pathlib import Path

import catalogue_lab
import pytest
from node_lab import CODE, NodeLab, Outbox
from release_lab import Node, Province

from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.releases.adoption import ADOPTION_TYPE, AdoptionReport
from kuwei_shared.trust import dsse
from kuwei_shared.wire import adoption as wire

pytestmark = pytest.mark.integration


@pytest.fixture
def province(tmp_path: Path, lab: NodeLab) -> Province:
    return Province.found(tmp_path / "province", lab.clock)


@pytest.fixture
def node(province: Province, tmp_path: Path) -> Node:
    return Node.pinned(province, tmp_path / "node")


@pytest.fixture
def outbox() -> Outbox:
    return Outbox()


def said(lab: NodeLab, outbox: Outbox) -> list[AdoptionReport]:
    key = lab.identity.key.public_key()
    return [wire.decode(dsse.verify(one, ADOPTION_TYPE, key)) for one in outbox.taken]


def offer(province: Province, serial: int, bundle: bytes) -> None:
    province.publish(serial, bundle)
    province.assign(CODE, serial)


def in_force(lab: NodeLab) -> str:
    with lab.work.begin() as session:
        return lab.catalogues.current(session).release


def test_an_assigned_release_comes_into_force(
    lab: NodeLab, province: Province, node: Node, outbox: Outbox
) -> None:
    offer(province, 1, catalogue_lab.packed())

    lab.task(node.client, outbox).run()

    states = [report.state for report in said(lab, outbox)]
    assert in_force(lab) == "2026.11.1"
    assert states == ["told", "fetched", "verified", "compiled", "active"]


def test_a_second_look_at_the_same_release_does_nothing(
    lab: NodeLab, province: Province, node: Node, outbox: Outbox
) -> None:
    offer(province, 1, catalogue_lab.packed())
    lab.task(node.client, outbox).run()

    lab.task(node.client, outbox).run()

    assert len(outbox.taken) == 5


@pytest.mark.parametrize(
    ("bundle", "code", "names"),
    [
        (catalogue_lab.bad_example(), "catalogue.example_failed", "恰为标准"),
        (catalogue_lab.uncompilable(), "catalogue.not_compiled", "pg_sleep"),
        (b"not a bundle", "catalogue.bundle", "目录包"),
    ],
)
def test_a_bad_release_leaves_the_old_one_in_force(
    lab: NodeLab,
    province: Province,
    node: Node,
    outbox: Outbox,
    *,
    bundle: bytes,
    code: str,
    names: str,
) -> None:
    offer(province, 1, catalogue_lab.packed())
    lab.task(node.client, outbox).run()
    offer(province, 2, bundle)

    lab.task(node.client, outbox).run()

    last = said(lab, outbox)[-1]
    assert in_force(lab) == "2026.11.1"
    assert (last.state, last.reason_code) == ("failed", code)
    assert names in last.reason


def test_a_release_that_failed_is_not_tried_again(
    lab: NodeLab, province: Province, node: Node, outbox: Outbox
) -> None:
    offer(province, 1, catalogue_lab.bad_example())
    lab.task(node.client, outbox).run()
    before = len(outbox.taken)

    lab.task(node.client, outbox).run()

    assert len(outbox.taken) == before


def test_a_tampered_bundle_is_refused_and_taken_once_it_is_whole(
    lab: NodeLab, province: Province, node: Node, outbox: Outbox
) -> None:
    offer(province, 1, catalogue_lab.packed())
    path = next(p for p in province.copy_state() if p.endswith(".kwc"))
    node.channel.corrupt(path)
    lab.task(node.client, outbox).run()
    refused = said(lab, outbox)[-1].reason_code
    node.channel.swapped.clear()

    lab.task(node.client, outbox).run()

    assert refused == "release.tampered"
    assert in_force(lab) == "2026.11.1"


def test_rolling_back_puts_the_earlier_release_in_force(
    lab: NodeLab, province: Province, node: Node, outbox: Outbox
) -> None:
    offer(province, 1, catalogue_lab.packed())
    lab.task(node.client, outbox).run()
    offer(province, 2, catalogue_lab.packed(catalogue_lab.rule(version=2)))
    lab.task(node.client, outbox).run()

    province.assign(CODE, 1)
    lab.task(node.client, outbox).run()

    assert in_force(lab) == "2026.11.1"


def test_an_older_repository_changes_nothing_and_is_shown(
    lab: NodeLab, province: Province, node: Node, outbox: Outbox
) -> None:
    offer(province, 1, catalogue_lab.packed())
    old = province.copy_state()
    offer(province, 2, catalogue_lab.packed(catalogue_lab.rule(version=2)))
    lab.task(node.client, outbox).run()
    node.channel.state = old

    with pytest.raises(KuweiError, match=r"release\.rollback"):
        lab.task(node.client, outbox).run()

    with lab.work.begin() as session:
        assert "回退" in lab.catalogues.status(session).trouble
    assert in_force(lab) == "2026.11.2"


def test_reports_wait_for_a_hub_that_is_away(
    lab: NodeLab, province: Province, node: Node, outbox: Outbox
) -> None:
    offer(province, 1, catalogue_lab.packed())

    with pytest.raises(KuweiError, match=r"rpc\.unreachable"):
        lab.task(node.client, unheard).run()

    assert in_force(lab) == "2026.11.1"
    lab.task(node.client, outbox).flush()
    assert [report.seq for report in said(lab, outbox)] == [1, 2, 3, 4, 5]


def test_what_is_not_assigned_is_not_taken(
    lab: NodeLab, province: Province, node: Node, outbox: Outbox
) -> None:
    province.publish(1, catalogue_lab.packed())
    province.assign("450303000", 1)

    lab.task(node.client, outbox).run()

    assert not outbox.taken


def test_a_hub_restored_from_a_backup_gets_its_reports_again(
    lab: NodeLab, province: Province, node: Node, outbox: Outbox
) -> None:
    offer(province, 1, catalogue_lab.packed())
    lab.task(node.client, outbox).run()
    outbox.restore(held=2)
    offer(province, 2, catalogue_lab.packed(catalogue_lab.rule(version=2)))

    lab.task(node.client, outbox).run()

    assert [report.seq for report in said(lab, outbox)] == list(range(1, 11))


def test_a_new_epoch_tells_again_what_was_not_heard_and_what_is_in_force(
    lab: NodeLab, province: Province, node: Node, outbox: Outbox
) -> None:
    offer(province, 1, catalogue_lab.packed())
    with pytest.raises(KuweiError, match=r"rpc\.unreachable"):
        lab.task(node.client, unheard).run()
    lab.identity.epoch = 2

    lab.task(node.client, outbox).run()

    states = ["told", "fetched", "verified", "compiled", "active", "active"]
    found = [(one.epoch, one.seq, one.state) for one in said(lab, outbox)]
    assert found == [(2, seq, state) for seq, state in enumerate(states, 1)]


def unheard(_: object) -> tuple[int, int]:
    raise KuweiError("rpc.unreachable", "不通", kind=Kind.UNAVAILABLE)


def test_a_ledger_that_refuses_keeps_no_release_away(
    lab: NodeLab, province: Province, node: Node
) -> None:
    refusal = KuweiError("report.stranger", "未入网", kind=Kind.DENIED)

    def refuse(_: object) -> tuple[int, int]:
        raise refusal

    offer(province, 1, catalogue_lab.packed())

    with pytest.raises(KuweiError, match=r"report\.stranger"):
        lab.task(node.client, refuse).run()

    assert in_force(lab) == "2026.11.1"
