"""A release that may not be believed: the old one stays, and the page says why."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path

import catalogue_lab
import pytest
from node_lab import CODE, NodeLab, Outbox
from release_lab import Node, Province

from kuwei_shared.kernel.clock import SetClock
from kuwei_shared.kernel.errors import Kind, KuweiError
from kuwei_shared.releases.adoption import ADOPTION_TYPE
from kuwei_shared.releases.assignment import Assignment, write_rollout
from kuwei_shared.releases.client import ReleaseClient
from kuwei_shared.releases.fetcher import EagerFetcher
from kuwei_shared.trust import dsse
from kuwei_shared.wire import adoption as wire

pytestmark = pytest.mark.integration

AWAY = KuweiError("release.unreachable", "取不到。", kind=Kind.UNAVAILABLE)
Attack = Callable[[Province, Node, Path], None]


@pytest.fixture
def province(tmp_path: Path, lab: NodeLab) -> Province:
    return Province.found(tmp_path / "province", lab.clock)


@pytest.fixture
def node(province: Province, tmp_path: Path) -> Node:
    return Node.pinned(province, tmp_path / "node")


@pytest.fixture
def outbox() -> Outbox:
    return Outbox()


@pytest.fixture
def settled(lab: NodeLab, province: Province, node: Node, outbox: Outbox) -> NodeLab:
    """A node with release 1 in force and nothing left to report."""
    province.publish(1, catalogue_lab.packed())
    province.assign(CODE, 1)
    lab.task(node.client, outbox).run()
    return lab


def offer_second(province: Province) -> None:
    province.publish(2, catalogue_lab.packed(catalogue_lab.rule(version=2)))
    province.assign(CODE, 2)


def states(lab: NodeLab, outbox: Outbox, since: int = 5) -> list[str]:
    """Return what was reported after the first release's five reports."""
    key = lab.identity.key.public_key()
    taken = outbox.taken[since:]
    return [wire.decode(dsse.verify(one, ADOPTION_TYPE, key)).state for one in taken]


def standing(lab: NodeLab) -> tuple[str, str]:
    """Return the release in force and the trouble the pages show."""
    with lab.work.begin() as session:
        release = lab.catalogues.current(session).release
        return release, lab.catalogues.status(session).trouble


def frozen(province: Province, node: Node, folder: Path) -> None:
    del province, folder
    node.clock.advance(dt.timedelta(hours=25))


def set_back(province: Province, node: Node, folder: Path) -> None:
    del province, folder
    node.clock.advance(dt.timedelta(days=-400))


def edited(province: Province, node: Node, folder: Path) -> None:
    del province, folder
    node.channel.edit("metadata/timestamp.json", "version", 99)


def usurped(province: Province, node: Node, folder: Path) -> None:
    del province
    stranger = Province.found(folder / "stranger", SetClock(node.clock.moment))
    stranger.publish(2, b"theirs")
    stranger.publish(3, b"theirs")
    stranger.assign(CODE, 3)
    node.channel.state = stranger.copy_state()


def unapproved(province: Province, node: Node, folder: Path) -> None:
    del node, folder
    province.assign(CODE, 7)


def withdrawn(province: Province, node: Node, folder: Path) -> None:
    del node, folder
    province.publish(3, catalogue_lab.packed(), floor=3)
    province.assign(CODE, 2)


def silent(province: Province, node: Node, folder: Path) -> None:
    del province, folder
    node.channel.down = AWAY


@pytest.mark.parametrize(
    ("attack", "code"),
    [
        (frozen, "release.expired"),
        (set_back, "clock.behind"),
        (edited, "release.unsigned"),
        (usurped, "release.unsigned"),
        (unapproved, "release.not_approved"),
        (withdrawn, "release.not_approved"),
        (silent, "release.unreachable"),
    ],
)
def test_what_is_not_to_be_believed_changes_nothing_and_is_shown(
    settled: NodeLab,
    province: Province,
    node: Node,
    outbox: Outbox,
    tmp_path: Path,
    *,
    attack: Attack,
    code: str,
) -> None:
    offer_second(province)
    attack(province, node, tmp_path)

    with pytest.raises(KuweiError) as caught:
        settled.task(node.client, outbox).run()

    release, trouble = standing(settled)
    assert (release, caught.value.code) == ("2026.11.1", code)
    assert trouble == caught.value.message


def refusals(lab: NodeLab, outbox: Outbox, since: int = 5) -> list[tuple[str, int]]:
    """Return version and serial of every failure told after the first release."""
    key = lab.identity.key.public_key()
    taken = [dsse.verify(one, ADOPTION_TYPE, key) for one in outbox.taken[since:]]
    told = [wire.decode(payload) for payload in taken]
    return [(one.version, one.serial) for one in told if one.state == "failed"]


@pytest.mark.parametrize(
    ("attack", "told"),
    [
        (frozen, [("", 0)]),
        (edited, [("", 0)]),
        (unapproved, [("2026.11.7", 0)]),
        (withdrawn, [("2026.11.2", 0)]),
        (silent, []),
    ],
)
def test_a_refusal_before_anything_is_fetched_is_told_once(
    settled: NodeLab,
    province: Province,
    node: Node,
    outbox: Outbox,
    tmp_path: Path,
    *,
    attack: Attack,
    told: list[tuple[str, int]],
) -> None:
    offer_second(province)
    attack(province, node, tmp_path)

    for _ in range(3):
        with pytest.raises(KuweiError):
            settled.task(node.client, outbox).run()

    assert refusals(settled, outbox) == told


def test_reports_are_not_held_back_by_a_repository_that_is_refused(
    settled: NodeLab, province: Province, node: Node, outbox: Outbox
) -> None:
    offer_second(province)
    with pytest.raises(KuweiError, match=r"rpc\.unreachable"):
        settled.task(node.client, unheard).run()
    node.clock.advance(dt.timedelta(hours=25))

    with pytest.raises(KuweiError, match=r"release\.expired"):
        settled.task(node.client, outbox).run()

    assert "active" in states(settled, outbox)


def unheard(_: object) -> tuple[int, int]:
    raise KuweiError("rpc.unreachable", "不通", kind=Kind.UNAVAILABLE)


def test_what_is_wrong_with_the_repository_is_said_though_reports_fail_as_well(
    settled: NodeLab, province: Province, node: Node
) -> None:
    offer_second(province)
    node.clock.advance(dt.timedelta(hours=25))

    with pytest.raises(KuweiError, match=r"release\.expired"):
        settled.task(node.client, unheard).run()


def test_a_bundle_that_does_not_verify_was_fetched_and_is_told_of_once(
    settled: NodeLab, province: Province, node: Node, outbox: Outbox
) -> None:
    offer_second(province)
    bundle = next(path for path in province.copy_state() if path.endswith("2.kwc"))
    node.channel.corrupt(bundle)
    for _ in range(3):
        settled.task(node.client, outbox).run()
    during = states(settled, outbox)
    node.channel.swapped.clear()

    settled.task(node.client, outbox).run()

    assert during == ["told", "fetched", "failed"]
    assert states(settled, outbox)[3:] == ["verified", "compiled", "active"]


def test_another_assignment_is_told_again(
    settled: NodeLab, province: Province, node: Node, outbox: Outbox
) -> None:
    offer_second(province)
    cut = over_a_cut_line(province, node)
    for serial in (2, 1, 2):
        province.assign(CODE, serial)
        with contextlib.suppress(KuweiError):
            settled.task(cut, outbox).run()

    told = states(settled, outbox)

    assert told == ["told", "told"]


def test_the_trouble_is_gone_once_the_province_is_believed_again(
    settled: NodeLab, province: Province, node: Node, outbox: Outbox
) -> None:
    offer_second(province)
    node.channel.down = AWAY
    with pytest.raises(KuweiError):
        settled.task(node.client, outbox).run()
    node.channel.down = None

    settled.task(node.client, outbox).run()

    assert standing(settled) == ("2026.11.2", "")


def test_a_line_cut_in_the_middle_of_a_bundle_blames_nobody(
    settled: NodeLab, province: Province, node: Node, outbox: Outbox
) -> None:
    offer_second(province)
    with pytest.raises(KuweiError, match=r"release\.unreachable"):
        settled.task(over_a_cut_line(province, node), outbox).run()
    during = standing(settled)[0]

    settled.task(node.client, outbox).run()

    steps = ["told", "fetched", "verified", "compiled", "active"]
    assert during == "2026.11.1"
    assert states(settled, outbox) == steps


def test_a_bundle_goes_on_where_the_line_broke(
    settled: NodeLab, province: Province, node: Node, outbox: Outbox
) -> None:
    offer_second(province)
    for _ in range(2):
        with pytest.raises(KuweiError, match=r"release\.unreachable"):
            settled.task(over_a_cut_line(province, node), outbox).run()

    settled.task(node.client, outbox).run()

    asked = zip(node.channel.asked, node.channel.offsets, strict=True)
    offsets = [at for path, at in asked if path.endswith("2.kwc")]
    assert offsets == [0, 10, 20]
    assert standing(settled)[0] == "2026.11.2"


def over_a_cut_line(province: Province, node: Node) -> ReleaseClient:
    """Return the node's client over a line that breaks inside every bundle."""

    def opened(path: str, offset: int) -> Iterator[bytes]:
        for chunk in node.channel.open(path, offset):
            yield chunk[:10] if path.endswith(".kwc") else chunk
            if path.endswith(".kwc"):
                raise AWAY

    return ReleaseClient(
        node.client.folder,
        bootstrap=province.root,
        fetcher=EagerFetcher(opened),
        clock=node.clock,
    )


def test_a_bundle_without_end_is_refused_with_a_report(
    settled: NodeLab, province: Province, node: Node, outbox: Outbox
) -> None:
    offer_second(province)
    bundle = next(path for path in province.copy_state() if path.endswith("2.kwc"))
    node.channel.corrupt(bundle, add=b"\0" * 1_000)

    settled.task(node.client, outbox).run()

    assert standing(settled)[0] == "2026.11.1"
    assert states(settled, outbox) == ["told", "failed"]


def test_a_paused_assignment_moves_nobody(
    settled: NodeLab, province: Province, node: Node, outbox: Outbox
) -> None:
    offer_second(province)
    pause(province, 2)

    settled.task(node.client, outbox).run()

    assert standing(settled)[0] == "2026.11.1"
    assert states(settled, outbox) == []


def pause(province: Province, serial: int) -> None:
    one = Assignment(version=f"2026.11.{serial}", paused=True)
    province.repository.assign(write_rollout({CODE: one}), province.online)


def test_two_processes_at_once_leave_the_second_to_try_again(
    settled: NodeLab, province: Province, node: Node, outbox: Outbox
) -> None:
    offer_second(province)

    with (
        node.client.opened(),
        pytest.raises(KuweiError) as caught,
    ):
        settled.task(node.client, outbox).run()

    assert (caught.value.code, caught.value.kind) == (
        "release.busy",
        Kind.UNAVAILABLE,
    )
    assert caught.value.retry_after_s
