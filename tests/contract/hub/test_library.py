from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from hub_lab import HubLab
from release_lab import APPROVER, AUTHOR
from sqlalchemy.orm import Session

from kuwei_hub.distribution.domain import Publication, ReleaseStatus
from kuwei_hub.distribution.store.library import DatabaseFiles
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.kernel.pages import PageRequest
from kuwei_shared.releases.client import ReleaseClient
from kuwei_shared.releases.fetcher import FilesFetcher

pytestmark = pytest.mark.integration
CODE = "450102000"


def client_of(lab: HubLab, session: Session, folder: Path) -> ReleaseClient:
    root = lab.library.pinned_root(session)
    assert root is not None
    return ReleaseClient(
        folder / "node",
        bootstrap=root,
        fetcher=FilesFetcher(DatabaseFiles(session, lab.clock)),
        clock=lab.clock,
    )


def test_a_node_verifies_what_the_database_holds(
    lab: HubLab, session: Session, tmp_path: Path
) -> None:
    lab.publish(session, "2026.1.1", b"sixty rules")
    lab.library.assign(session, "2026.1.1", [CODE], by=AUTHOR)

    with client_of(lab, session, tmp_path).opened() as view:
        assignment = view.assignment(CODE)
        assert assignment is not None
        data = view.fetch(view.bundle(assignment.version))

    assert data == b"sixty rules"


def test_nobody_releases_alone(lab: HubLab, session: Session) -> None:
    alone = Publication(
        version="2026.1.1", bundle=b"", rule_count=0, author=AUTHOR, approver=AUTHOR
    )

    with pytest.raises(KuweiError, match=r"release\.one_person"):
        lab.library.publish(session, alone, lab.keys)


def test_only_key_holders_release(lab: HubLab, session: Session) -> None:
    stranger = Publication(
        version="2026.1.1", bundle=b"", rule_count=0, author=AUTHOR, approver="监控岗"
    )

    with pytest.raises(KuweiError, match=r"keys\.no_holder"):
        lab.library.publish(session, stranger, lab.keys)


def test_releases_are_listed_newest_first(lab: HubLab, session: Session) -> None:
    lab.publish(session, "2026.1.1")
    lab.publish(session, "2026.1.2")

    page = lab.library.releases(session, PageRequest())

    assert [row.version for row in page.rows] == ["2026.1.2", "2026.1.1"]
    assert page.rows[0].approver == APPROVER


def test_rolling_back_is_assigning_an_earlier_release(
    lab: HubLab, session: Session
) -> None:
    lab.publish(session, "2026.1.1")
    lab.publish(session, "2026.1.2")
    lab.library.assign(session, "2026.1.2", [CODE], by=AUTHOR)

    release = lab.library.assign(session, "2026.1.1", [CODE], by=AUTHOR)

    assert release.serial == 1


def test_a_withdrawn_release_cannot_be_assigned(lab: HubLab, session: Session) -> None:
    lab.publish(session, "2026.1.1")
    lab.publish(session, "2026.1.2", floor=2)

    with pytest.raises(KuweiError, match=r"release\.withdrawn"):
        lab.library.assign(session, "2026.1.1", [CODE], by=AUTHOR)


def test_raising_the_floor_marks_and_unassigns_what_lies_below(
    lab: HubLab, session: Session, tmp_path: Path
) -> None:
    lab.publish(session, "2026.1.1")
    lab.library.assign(session, "2026.1.1", [CODE], by=AUTHOR)
    lab.publish(session, "2026.1.2", floor=2)

    page = lab.library.releases(session, PageRequest())
    with client_of(lab, session, tmp_path).opened() as view:
        assert view.assignment(CODE) is None

    assert page.rows[1].status is ReleaseStatus.WITHDRAWN


def test_a_pause_is_signed_too(lab: HubLab, session: Session, tmp_path: Path) -> None:
    lab.publish(session, "2026.1.1")
    lab.library.assign(session, "2026.1.1", [CODE], by=AUTHOR)
    lab.library.pause(session, [CODE])

    with client_of(lab, session, tmp_path).opened() as view:
        assignment = view.assignment(CODE)

    assert assignment is not None
    assert assignment.paused


def test_waiting_nodes_are_told(lab: HubLab, session: Session) -> None:
    lab.publish(session, "2026.1.1")
    lab.library.assign(session, "2026.1.1", [CODE], by=AUTHOR)

    assert lab.announced == ["catalogue", "assignment"]


def test_signing_again_waits_until_it_is_due(lab: HubLab, session: Session) -> None:
    assert not lab.library.resign_if_due(session)

    lab.clock.advance(dt.timedelta(hours=7))

    assert lab.library.resign_if_due(session)
    assert not lab.library.resign_if_due(session)


def test_of_two_rotations_the_later_one_is_adopted_whoever_comes_last(
    lab: HubLab, session: Session
) -> None:
    library, keys = lab.library, lab.keys
    first = library.rotate(session, keys)
    second = library.rotate(session, keys)
    library.adopt(session, keys, second)

    with pytest.raises(KuweiError, match=r"release\.superseded"):
        library.adopt(session, keys, first)

    library.resign(session)
    assert keys.online().timestamp.public_key == second.online.timestamp.public_key


def test_ageing_signatures_raise_an_alarm(lab: HubLab, session: Session) -> None:
    assert not lab.library.freshness(session).is_alarming

    lab.clock.advance(dt.timedelta(hours=13))

    assert lab.library.freshness(session).is_alarming


def test_an_unknown_path_is_missing_not_empty(lab: HubLab, session: Session) -> None:
    with pytest.raises(KuweiError, match=r"release\.missing"):
        lab.library.blob(session, "metadata/9.root.json")


def test_the_repository_is_founded_once(lab: HubLab, session: Session) -> None:
    with pytest.raises(KuweiError, match=r"release\.founded"):
        lab.library.found(session, lab.keys)


def test_the_pinned_root_is_the_first(lab: HubLab, session: Session) -> None:
    root = lab.library.pinned_root(session)

    assert root is not None
    assert json.loads(root)["signed"]["version"] == 1


def test_what_was_never_released_is_neither_assigned_nor_read(
    lab: HubLab, session: Session
) -> None:
    lab.publish(session, "2026.1.1")

    with pytest.raises(KuweiError, match=r"release\.missing"):
        lab.library.assign(session, "2026.1.2", [CODE], by=AUTHOR)
    with pytest.raises(KuweiError, match=r"release\.missing"):
        lab.library.bundle(session, 99)
