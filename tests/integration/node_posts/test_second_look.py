"""A payment is screened again under any release seen, beside what was recorded."""

from __future__ import annotations

from collections.abc import Iterator

import catalogue_lab
import pytest
from node_site_lab import COUNTY, held_payment
from post_lab import Office
from sqlalchemy import Connection, create_engine, text

from kuwei_shared.identity.roles import Role

pytestmark = pytest.mark.integration
EARLIER = "2025.1.1"
LARGE = {"pay_amt": "23000000.00", "agency_code": "102077"}


@pytest.fixture
def owner(office: Office) -> Iterator[Connection]:
    """Give the database as its owner sees it."""
    engine = create_engine(office.node.settings.database_url)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def seq(office: Office, request: pytest.FixtureRequest) -> int:
    """A large payment GX-U14 holds and GX-U10 warns of; one for each test."""
    name = request.node.name[:40]
    office.arrive(held_payment(name, **LARGE))
    with office.node.unit_of_work.begin() as session:
        found = text("SELECT seq FROM payment WHERE payment_id = :id")
        return int(session.execute(found, {"id": name}).scalar_one())


@pytest.fixture
def earlier(owner: Connection) -> None:
    """A release seen before, with one rule alone."""
    owner.execute(
        text(
            "INSERT INTO catalogue_release (serial, version, sha256, bundle, state,"
            " reason, verified_at) VALUES (0, :version, '', :bundle, 'replaced', '',"
            " now()) ON CONFLICT DO NOTHING"
        ),
        {"version": EARLIER, "bundle": catalogue_lab.packed()},
    )
    owner.commit()


def again(office: Office, seq: int, release: str = "") -> tuple[int, str]:
    with office.post(Role.REVIEWER, COUNTY) as browser:
        path = f"/payments/{seq}/rescreen"
        answer = browser.post(path, data={"release": release})
    return answer.status_code, answer.text


def test_the_release_that_judged_finds_the_same_values(
    office: Office, seq: int
) -> None:
    status, page = again(office, seq)

    assert status == 200
    assert "判断所用的数值与当时完全一致" in page


@pytest.mark.usefixtures("earlier")
def test_an_earlier_release_shows_what_it_would_have_decided(
    office: Office, seq: int
) -> None:
    status, page = again(office, seq, EARLIER)

    assert status == 200
    assert "规则结论当时为暂缓，试算为通过" in page
    rows = [row for row in page.split("<tr>") if "GX-U14" in row]
    assert any("命中" in row and "无此规则" in row for row in rows)
    assert f'<option value="{EARLIER}" selected>' in page


def test_a_release_never_seen_is_refused(office: Office, seq: int) -> None:
    status, page = again(office, seq, "2031.9.9")

    assert (status, "catalogue.unseen" in page) == (404, True)


def test_a_value_that_comes_out_otherwise_is_shown_beside_the_one_recorded(
    office: Office, seq: int, owner: Connection
) -> None:
    changed = "UPDATE screening SET operands = {} WHERE payment_seq = :seq"
    false = "operands || jsonb_build_object('pay_amt', '21000000.00')"
    owner.execute(text(changed.format(false)), {"seq": seq})
    owner.commit()

    _, page = again(office, seq)

    assert "请报告系统管理员" in page
    assert "21,000,000.00 → 23,000,000.00" in page.replace(" 元", "")
