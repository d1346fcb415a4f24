"""Loading reference data with validity and history, against PostgreSQL."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import embedded
import pyarrow as pa
import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session

import kuwei_node.payments.models  # noqa: F401  # owns the payment sequence
from kuwei_node.reference.domain import ALWAYS_FROM, ALWAYS_TO, Loaded
from kuwei_node.reference.service import Delivery, ReferenceService, Refused
from kuwei_shared.db.base import NodeTable
from kuwei_shared.identity import scope
from kuwei_shared.kernel.clock import SetClock
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.kernel.pages import PageRequest

pytestmark = pytest.mark.integration

TABLES = (
    "agency",
    "cash_plan",
    "account_day",
    "reference_load",
    "reference_reject",
)
MIDYEAR = dt.date(2026, 7, 1)


@pytest.fixture(scope="module")
def engine(postgres: embedded.Postgres) -> Iterator[Engine]:
    engine = create_engine(postgres.create("reference"))
    with engine.begin() as connection:
        connection.execute(text("CREATE SEQUENCE payment_seq"))
        wanted = [NodeTable.metadata.tables[name] for name in TABLES]
        NodeTable.metadata.create_all(connection, tables=wanted)
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with engine.connect() as connection, Session(connection) as session:
        yield session
        session.rollback()


def agencies(*rows: dict[str, object]) -> pa.Table:
    shape = pa.schema(
        [
            ("line", pa.int64()),
            ("agency_code", pa.string()),
            ("agency_name", pa.string()),
            ("mof_div_code", pa.string()),
            ("valid_from", pa.date32()),
            ("valid_to", pa.date32()),
        ]
    )
    lined = [{"line": n, **row} for n, row in enumerate(rows, 2)]
    return pa.Table.from_pylist(lined, shape)


def load(
    session: Session,
    table: pa.Table,
    *,
    entity: str = "agency",
    valid_from: dt.date = ALWAYS_FROM,
) -> tuple[int, int, int]:
    delivery = Delivery(
        entity=entity,
        source="单位.csv",
        by="test",
        batches=[(table, ())],
        valid_from=valid_from,
    )
    done = ReferenceService(SetClock()).load(session, delivery)
    return done.added, done.closed, done.unchanged


def versions(session: Session) -> list[tuple[object, ...]]:
    rows = session.execute(
        text(
            "SELECT agency_name, valid_from, valid_to, known_to > 9e17 FROM agency"
            " ORDER BY known_to, valid_from"
        )
    )
    return [tuple(row) for row in rows]


def test_a_first_load_holds_always_and_is_known_from_the_next_payment(
    session: Session,
) -> None:
    before = session.execute(text("SELECT nextval('payment_seq')")).scalar_one()

    outcome = load(session, agencies({"agency_code": "A", "agency_name": "甲"}))

    assert outcome == (1, 0, 0)
    assert versions(session) == [("甲", ALWAYS_FROM, ALWAYS_TO, True)]
    known = session.execute(text("SELECT known_from FROM agency")).scalar_one()
    after = session.execute(text("SELECT nextval('payment_seq')")).scalar_one()
    assert before < known < after


def test_loading_the_same_again_changes_nothing(session: Session) -> None:
    table = agencies({"agency_code": "A", "agency_name": "甲"})
    load(session, table)

    outcome = load(session, table)

    assert outcome == (0, 0, 1)


def test_a_new_name_closes_the_old_version_and_keeps_it(session: Session) -> None:
    load(session, agencies({"agency_code": "A", "agency_name": "甲"}))

    outcome = load(session, agencies({"agency_code": "A", "agency_name": "乙"}))

    assert outcome == (1, 1, 0)
    assert versions(session) == [
        ("甲", ALWAYS_FROM, ALWAYS_TO, False),
        ("乙", ALWAYS_FROM, ALWAYS_TO, True),
    ]


def test_a_change_from_midyear_leaves_the_first_half_as_it_was(
    session: Session,
) -> None:
    load(session, agencies({"agency_code": "A", "agency_name": "甲"}))

    load(
        session,
        agencies({"agency_code": "A", "agency_name": "乙"}),
        valid_from=MIDYEAR,
    )

    current = [row for row in versions(session) if row[3]]
    assert current == [
        ("甲", ALWAYS_FROM, MIDYEAR, True),
        ("乙", MIDYEAR, ALWAYS_TO, True),
    ]


def test_a_change_inside_a_period_leaves_both_sides_of_it(session: Session) -> None:
    load(session, agencies({"agency_code": "A", "agency_name": "甲"}))
    month = {"valid_from": MIDYEAR, "valid_to": dt.date(2026, 8, 1)}

    load(session, agencies({"agency_code": "A", "agency_name": "乙", **month}))

    current = [row for row in versions(session) if row[3]]
    assert [row[0] for row in current] == ["甲", "乙", "甲"]
    assert current[2][1:3] == (dt.date(2026, 8, 1), ALWAYS_TO)


def test_versions_in_one_file_follow_each_other_without_overlap(
    session: Session,
) -> None:
    load(
        session,
        agencies(
            {"agency_code": "A", "agency_name": "乙", "valid_from": MIDYEAR},
            {"agency_code": "A", "agency_name": "甲"},
        ),
    )

    assert versions(session) == [
        ("甲", ALWAYS_FROM, MIDYEAR, True),
        ("乙", MIDYEAR, ALWAYS_TO, True),
    ]


def test_what_was_known_at_a_payment_can_be_read_back(session: Session) -> None:
    load(session, agencies({"agency_code": "A", "agency_name": "甲"}))
    payment = session.execute(text("SELECT nextval('payment_seq')")).scalar_one()
    load(session, agencies({"agency_code": "A", "agency_name": "乙"}))

    name = session.execute(
        text(
            "SELECT agency_name FROM agency"
            " WHERE known_from <= :seq AND :seq < known_to"
        ),
        {"seq": payment},
    )

    assert name.scalars().all() == ["甲"]


def test_repeated_and_inverted_rows_are_refused_and_kept(session: Session) -> None:
    inverted = {"valid_from": MIDYEAR, "valid_to": MIDYEAR}
    table = agencies(
        {"agency_code": "A", "agency_name": "甲"},
        {"agency_code": "A", "agency_name": "再"},
        {"agency_code": "B", "agency_name": "乙", **inverted},
    )

    load(session, table)

    kept = session.execute(
        text("SELECT line, reason FROM reference_reject ORDER BY line")
    )
    assert [tuple(row) for row in kept] == [
        (3, "reference.repeated"),
        (4, "reference.validity"),
    ]


def test_rows_refused_while_reading_are_kept_with_their_text(session: Session) -> None:
    bad = Refused(line=9, raw="A,,x", reason="field.money", field="cash_limit")
    delivery = Delivery(
        entity="agency", source="单位.csv", by="test", batches=[(agencies(), [bad])]
    )

    done = ReferenceService(SetClock()).load(session, delivery)

    assert (done.read, done.rejected) == (1, 1)
    raw = session.execute(text("SELECT raw FROM reference_reject")).scalar_one()
    assert raw == "A,,x"


def test_a_later_bank_report_of_a_day_replaces_the_earlier(session: Session) -> None:
    def day(balance: str) -> pa.Table:
        return pa.table(
            {
                "line": [2],
                "acct_no": ["1"],
                "balance_date": pa.array([MIDYEAR], pa.date32()),
                "end_balance": pa.array([balance]).cast(pa.decimal128(18, 2)),
            }
        )

    load(session, day("5.00"), entity="account_day")
    outcome = load(session, day("0.00"), entity="account_day")

    assert outcome == (1, 0, 0)
    stored = session.execute(text("SELECT end_balance FROM account_day"))
    assert [str(value) for value in stored.scalars()] == ["0.00"]


def test_a_unit_of_another_bureau_is_not_shown(session: Session) -> None:
    rows: list[dict[str, object]] = [
        {"agency_code": "A", "mof_div_code": "450102000"},
        {"agency_code": "B", "mof_div_code": "450303000"},
    ]
    load(session, agencies(*rows))

    mine = scope.of_jurisdictions(["450102000"])
    page = ReferenceService(SetClock()).page(
        session, mine, "agency", request=PageRequest()
    )

    assert [row["agency_code"] for row in page.rows] == ["A"]


def test_an_unknown_entity_is_refused_by_name(session: Session) -> None:
    delivery = Delivery(entity="pg_user", source="x", by="test", batches=[])

    with pytest.raises(KuweiError, match=r"reference\.unknown"):
        ReferenceService(SetClock()).load(session, delivery)


def township(
    session: Session, row: dict[str, object], *, hands_over: bool = False
) -> Loaded:
    """Load a unit from a township's file."""
    delivery = Delivery(
        entity="agency",
        source="镇.csv",
        by="test",
        batches=[(agencies(row), ())],
        hands_over=hands_over,
    )
    return ReferenceService(SetClock()).load(session, delivery)


def test_a_code_of_another_division_is_refused_and_said_whose_it_is(
    session: Session,
) -> None:
    load(session, agencies({"agency_code": "A", "mof_div_code": "450102000"}))

    done = township(session, {"agency_code": "A", "mof_div_code": "450102101"})

    assert (done.added, done.closed, done.rejected) == (0, 0, 1)
    assert "第 2 行:代码 A 已由区划 450102000 使用" in done.notices[0]
    known = session.execute(text("SELECT mof_div_code FROM agency")).scalars().all()
    assert known == ["450102000"]


def test_a_unit_that_moved_is_taken_over_on_demand_and_its_past_stays(
    session: Session,
) -> None:
    load(session, agencies({"agency_code": "A", "mof_div_code": "450102000"}))
    moved: dict[str, object] = {"agency_code": "A", "mof_div_code": "450102101"}
    moved |= {"valid_from": MIDYEAR}

    township(session, moved, hands_over=True)

    known = text(
        "SELECT mof_div_code, valid_to FROM agency WHERE known_to > 9e17 ORDER BY 2"
    )
    assert [tuple(row) for row in session.execute(known)] == [
        ("450102000", MIDYEAR),
        ("450102101", ALWAYS_TO),
    ]


def test_a_report_on_another_divisions_account_replaces_none(
    session: Session,
) -> None:
    day = dt.date(2026, 3, 5)
    row = {"line": 2, "acct_no": "Z1", "balance_date": day}
    for code in ("450102000", "450102101"):
        table = pa.Table.from_pylist([row | {"mof_div_code": code}])
        load(session, table, entity="account_day")

    found = session.execute(text("SELECT mof_div_code FROM account_day"))

    assert found.scalars().all() == ["450102000"]
