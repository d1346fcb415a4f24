from pathlib import Path

import embedded
import pytest
from payment_api_lab import PaymentSite, ordinary
from screening_lab import COUNTY
from sqlalchemy import text

from kuwei_node import app
from kuwei_node.bootstrap import build
from kuwei_node.settings import Settings


def test_a_payment_is_answered_with_the_release_used(site: PaymentSite) -> None:
    answer = site.screen(ordinary("api-1"))

    assert answer.status_code == 200, answer.text
    (one,) = answer.json()["answers"]
    assert (one["payment_id"], one["is_repeat"]) == ("api-1", False)
    assert one["release"]


def test_answers_come_in_the_order_asked(site: PaymentSite) -> None:
    asked = [f"order-{n}" for n in (3, 1, 2)]

    answer = site.screen(
        *(ordinary(name, vou_date=f"2026-03-0{name[-1]}") for name in asked)
    )

    assert [one["payment_id"] for one in answer.json()["answers"]] == asked


def test_a_hit_is_explained_with_its_ground(site: PaymentSite) -> None:
    answer = site.screen(ordinary("api-large", pay_amt="20000000.00"))

    hits = {hit["rule_id"]: hit for hit in answer.json()["answers"][0]["hits"]}
    assert "20,000,000.00" in hits["GX-U10"]["explanation"]
    assert "第九条" in hits["GX-U10"]["basis"]


def test_a_repeat_is_the_same_answer(site: PaymentSite) -> None:
    first = site.screen(ordinary("api-twice")).json()["answers"][0]

    again = site.screen(ordinary("api-twice")).json()["answers"][0]

    assert again == first | {"is_repeat": True}


def test_other_content_under_the_same_id_is_a_conflict(site: PaymentSite) -> None:
    site.screen(ordinary("api-changed"))

    answer = site.screen(ordinary("api-changed", pay_amt="200.01"))

    assert answer.status_code == 409
    assert answer.json()["code"] == "payment.conflict"


def test_without_a_token_nobody_gets_in(site: PaymentSite) -> None:
    with site.client(token="nonsense") as client:
        answer = client.post(
            "/v1/payments:screen", json={"payments": [ordinary("api-none")]}
        )

    assert answer.status_code == 401


def test_another_jurisdictions_payment_is_refused(site: PaymentSite) -> None:
    answer = site.screen(ordinary("api-abroad", mof_div_code="460100000"))

    assert answer.status_code == 403
    assert answer.json()["code"] == "scope.outside"


@pytest.fixture(scope="module")
def abroad(site: PaymentSite) -> None:
    """Know a unit that moved abroad in March, and an appropriation there."""
    with site.node.unit_of_work.begin() as session:
        session.execute(
            text(
                "INSERT INTO agency (agency_code, mof_div_code, valid_from, valid_to)"
                " VALUES ('M1', :own, '2020-01-01', '2026-03-01'),"
                " ('M1', '460100000', '2026-03-01', '9999-12-31')"
            ),
            {"own": COUNTY},
        )
        session.execute(
            text(
                "INSERT INTO appropriation (bgt_id, mof_div_code)"
                " VALUES ('far', '460100000'), ('own', :own)"
            ),
            {"own": COUNTY},
        )


@pytest.mark.usefixtures("abroad")
@pytest.mark.parametrize(
    "named",
    [{"bgt_id": "far"}, {"agency_code": "M1", "vou_date": "2026-03-02"}],
    ids=["appropriation", "unit"],
)
def test_what_another_jurisdiction_owns_is_refused(
    site: PaymentSite, named: dict[str, str]
) -> None:
    answer = site.screen(
        ordinary("api-own", bgt_id="own"), ordinary("api-far", **named)
    )

    assert answer.status_code == 403
    assert answer.json()["code"] == "scope.foreign"
    assert "api-far" in answer.json()["detail"]
    assert "api-own" not in answer.json()["detail"]


@pytest.mark.usefixtures("abroad")
def test_what_was_its_own_that_day_or_nobody_knows_is_not_refused(
    site: PaymentSite,
) -> None:
    answer = site.screen(
        ordinary("api-before", agency_code="M1", vou_date="2026-02-28"),
        ordinary("api-unknown", agency_code="nobody", bgt_id="nothing"),
    )

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("pay_amt", "1.001"),
        ("pay_amt", "NaN"),
        ("pay_amt", "99999999999999999.99"),
        ("vou_date", "2026-02-30"),
        ("stage", "later"),
        ("use_des", "a\u0000b"),
        ("surprise", "x"),
        ("fiscal_year", 12),
    ],
)
def test_bad_input_names_its_place(
    site: PaymentSite, field: str, value: object
) -> None:
    answer = site.screen(ordinary("api-bad", **{field: value}))

    assert answer.status_code == 422
    assert f"payments.0.{field}" in answer.text


@pytest.mark.parametrize(("year", "status"), [(2025, 200), (2027, 200), (2028, 422)])
def test_a_budget_year_lies_near_the_business_date(
    site: PaymentSite, year: int, status: int
) -> None:
    answer = site.screen(ordinary(f"api-{year}", fiscal_year=year))

    assert answer.status_code == status
    assert status == 200 or "预算年度 2028" in answer.text


def test_more_than_a_thousand_are_refused_whole(site: PaymentSite) -> None:
    one = ordinary("api-many")

    answer = site.screen(*(one | {"payment_id": f"m{n}"} for n in range(1001)))

    assert answer.status_code == 422


@pytest.mark.parametrize(
    "changes",
    [
        {"pay_amt": "-900.00"},
        {"pay_amt": "-9.00", "entry_kind": "refund"},
        {"pay_amt": "9.00", "entry_kind": "refund", "orig_payment_id": "api-1"},
    ],
)
def test_a_credit_must_say_what_it_takes_back(
    site: PaymentSite, changes: dict[str, str]
) -> None:
    answer = site.screen(ordinary("api-credit", **changes))

    assert answer.status_code == 422
    assert "payments.0" in answer.text


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("text/plain", b'{"payments": []}', 400),
        ("", b'{"payments": []}', 400),
        ("application/json", b'{"payments": [', 422),
        ("application/json", b"\xff\xfe", 422),
        ("application/json", b"", 422),
        ("application/json; charset=utf-8", b'{"payments": [], "more": 1}', 422),
        ("application/json", b'{"payments": [{"pay_amt": NaN}]}', 422),
        ("application/json", b"[" * 100_000, 422),
    ],
)
def test_a_body_that_is_no_request_is_refused_in_words(
    site: PaymentSite, kind: str, body: bytes, status: int
) -> None:
    with site.client() as client:
        answer = client.post(
            "/v1/payments:screen", content=body, headers={"content-type": kind}
        )

    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert answer.headers["content-type"] == "application/problem+json"


def test_connections_have_their_plans_before_anybody_asks(site: PaymentSite) -> None:
    site.node.unit_of_work.engine.dispose()  # what earlier payments had planned
    app.warm_up(site.node)

    with site.node.unit_of_work.begin() as session:
        ready = set(session.connection().connection.info["prepared"])

    # Lock and look, append, judge alone and in a batch, enter, record, hits, alerts.
    assert len(ready) >= 9


def test_a_node_without_a_release_starts_all_the_same(
    postgres: embedded.Postgres, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = postgres.create("never_migrated")
    settings = Settings(mode="development", database_url=url, data_dir=tmp_path)

    app.warm_up(build(settings, process="test"))

    assert "start.without_catalogue" in "".join(capsys.readouterr())
