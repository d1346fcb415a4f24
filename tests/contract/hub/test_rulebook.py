from __future__ import annotations

import catalogue_lab
import pytest
from hub_lab import HubLab
from release_lab import APPROVER, AUTHOR
from sqlalchemy.orm import Session

from kuwei_hub.catalogue.domain import RuleSearch
from kuwei_hub.catalogue.service import Rulebook
from kuwei_hub.distribution.domain import ReleaseRow
from kuwei_shared.catalogue import bundle
from kuwei_shared.catalogue.checks.registry import read_schemas
from kuwei_shared.catalogue.files import LOCK, read_folder
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.kernel.pages import PageRequest

pytestmark = pytest.mark.integration
DRAFT = {"rule_id": "GX-T01", "family": "test", "by": AUTHOR}


class Desk:
    """The province's desk: one rulebook, one lab, one transaction."""

    def __init__(self, rulebook: Rulebook, lab: HubLab, session: Session) -> None:
        self.rulebook, self.lab, self.session = rulebook, lab, session

    def publish(self, *sources: str) -> ReleaseRow:
        return self.rulebook.publish(
            self.session,
            catalogue_lab.files(*sources),
            {},
            author=AUTHOR,
            approver=APPROVER,
            keys=self.lab.keys,
        )

    def draft(self, *, status: str = "trial", evidence: str = "", **k: str) -> int:
        version = int(k.pop("version", "1"))
        source = catalogue_lab.rule(
            "GX-T01", status=status, version=version, title="试行大额", **k
        )
        return self.rulebook.draft(self.session, source, evidence=evidence, **DRAFT)

    def approve(self, draft_id: int, by: str = APPROVER) -> None:
        self.rulebook.approve(self.session, draft_id, by=by)

    def status_of(self, rule_id: str) -> str | None:
        found = self.rulebook.find(self.session, rule_id)
        return found.row.status if found else None


@pytest.fixture
def desk(rulebook: Rulebook, lab: HubLab, session: Session) -> Desk:
    return Desk(rulebook, lab, session)


def test_a_catalogue_becomes_a_locked_signed_release(desk: Desk) -> None:
    release = desk.publish()

    files = bundle.unpack_files(desk.lab.library.bundle(desk.session, release.serial))
    assert release.version == "2026.1.1"
    assert b"GX-U10 1 " in files[LOCK]


def test_the_real_catalogue_is_published(desk: Desk, lab: HubLab) -> None:
    whole = Rulebook(clock=lab.clock, library=lab.library)

    release = whole.publish(
        desk.session,
        read_folder(catalogue_lab.ROOT),
        read_schemas(catalogue_lab.ROOT),
        author=AUTHOR,
        approver=APPROVER,
        keys=lab.keys,
    )

    assert release.rule_count >= 60


def test_every_fault_is_told_before_anything_is_signed(desk: Desk) -> None:
    faulty = catalogue_lab.rule().replace("severity: yellow", "severity: violet")

    with pytest.raises(KuweiError) as refusal:
        desk.publish(faulty)

    assert refusal.value.code == "catalogue.invalid"
    assert desk.lab.announced == []


def test_a_rule_that_misjudges_its_example_is_not_published(desk: Desk) -> None:
    with pytest.raises(KuweiError, match=r"恰为标准"):
        desk.publish(catalogue_lab.rule(hit="19000000.00"))


def test_content_cannot_change_under_the_same_version(desk: Desk) -> None:
    desk.publish()

    with pytest.raises(KuweiError, match=r"catalogue\.lock"):
        desk.publish(catalogue_lab.rule(title="改了题目"))


def test_a_locked_rule_cannot_vanish(desk: Desk) -> None:
    desk.publish(catalogue_lab.rule(), catalogue_lab.rule("GX-T02", title="另一条"))

    with pytest.raises(KuweiError, match="GX-T02"):
        desk.publish()


def test_an_approved_draft_goes_into_the_next_release(desk: Desk) -> None:
    desk.publish()
    desk.approve(desk.draft())

    release = desk.publish()

    assert release.rule_count == 2
    assert desk.status_of("GX-T01") == "trial"
    assert (
        desk.rulebook.drafts(desk.session, PageRequest()).rows[0].released_serial == 2
    )


def test_nobody_reviews_their_own_draft(desk: Desk) -> None:
    desk.publish()
    number = desk.draft()

    with pytest.raises(KuweiError, match=r"draft\.own"):
        desk.approve(number, by=AUTHOR)


def test_a_rule_becomes_stable_only_after_a_trial(desk: Desk) -> None:
    desk.publish()
    number = desk.draft(status="stable", evidence="未试运行")

    with pytest.raises(KuweiError, match=r"draft\.skips_trial"):
        desk.approve(number)


def trial_released(desk: Desk) -> list[str]:
    trial = catalogue_lab.rule("GX-T01", status="trial", title="试行大额")
    desk.publish(catalogue_lab.rule(), trial)
    return [catalogue_lab.rule(), trial]


def test_a_trial_rule_becomes_stable_with_evidence(desk: Desk) -> None:
    files = trial_released(desk)
    desk.approve(
        desk.draft(status="stable", version="2", evidence="试运行三月,命中 12,误报 0")
    )

    desk.publish(*files)

    assert desk.status_of("GX-T01") == "stable"


def test_without_evidence_it_stays_on_trial(desk: Desk) -> None:
    trial_released(desk)
    number = desk.draft(status="stable", version="2")

    with pytest.raises(KuweiError, match=r"draft\.no_evidence"):
        desk.approve(number)


def test_a_refused_draft_is_closed(desk: Desk) -> None:
    desk.publish()
    number = desk.draft()
    desk.rulebook.refuse(desk.session, number, by=APPROVER, note="依据不足")

    with pytest.raises(KuweiError, match=r"draft\.closed"):
        desk.approve(number)


def test_one_rule_has_one_draft_at_a_time(desk: Desk) -> None:
    desk.publish()
    desk.draft()

    with pytest.raises(KuweiError, match=r"draft\.waiting"):
        desk.draft()


@pytest.mark.parametrize(
    ("search", "found"),
    [
        (RuleSearch(words="大额"), ["GX-T02", "GX-U10"]),
        (RuleSearch(words="另一"), ["GX-T02"]),
        (RuleSearch(words="GX-9.1.10 办法"), ["GX-T02", "GX-U10"]),
        (RuleSearch(severity="red"), []),
        (RuleSearch(status="stable", family="test"), ["GX-T02", "GX-U10"]),
        (RuleSearch(words="%"), []),
    ],
)
def test_rules_are_searched(desk: Desk, search: RuleSearch, found: list[str]) -> None:
    desk.publish(catalogue_lab.rule(), catalogue_lab.rule("GX-T02", title="另一条"))

    page = desk.rulebook.rules(desk.session, search, PageRequest())

    assert [row.rule_id for row in page.rows] == found


def test_rules_sort_by_known_columns_only(desk: Desk) -> None:
    desk.publish()

    with pytest.raises(KuweiError, match=r"page\.bad_sort"):
        desk.rulebook.rules(desk.session, RuleSearch(), PageRequest(sort="source"))


def test_a_rule_page_shows_examples_and_text(desk: Desk) -> None:
    desk.publish()

    detail = desk.rulebook.find(desk.session, "GX-U10")

    assert detail is not None
    assert len(detail.rule.examples) == 3
    assert detail.source.startswith("id: GX-U10")
    history = desk.rulebook.history(desk.session, "GX-U10", PageRequest())
    assert [row.serial for row in history.rows] == [1]
