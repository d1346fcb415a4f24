import pytest
from node_site_lab import held_payment
from post_lab import REASON, Office

from kuwei_shared.identity.roles import Role

pytestmark = pytest.mark.integration

LISTS = (
    *("/payments", "/holds", "/holds/done", "/alerts", "/rules", "/rules/proposals"),
    *("/runs", "/imports", "/audit"),
)


def refusal(office: Office, path: str) -> tuple[int, str]:
    answer = office.read(path, Role.AUDITOR)
    return answer.status_code, answer.text


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("page=0", "page.out_of_range"),
        ("page=-1", "table.bad_number"),
        ("page=1e9", "table.bad_number"),
        ("page=99999999", "table.bad_number"),
        ("size=501", "page.out_of_range"),
        ("sort=decided_by;--", "table.bad_sort"),
        ("unit=a%00b", "table.bad_filter"),
    ],
)
def test_no_list_answers_what_makes_no_sense(
    office: Office, path: str, query: str, code: str
) -> None:
    status, text = refusal(office, f"{path}?{query}")

    assert status == 400
    assert code in text


@pytest.mark.parametrize("path", LISTS)
def test_a_page_far_beyond_the_last_is_empty(office: Office, path: str) -> None:
    status, text = refusal(office, f"{path}?page=9999999&size=500")

    assert status == 200
    assert "empty-row" in text


@pytest.mark.parametrize(
    "query",
    [
        *("least=1e999999", "least=1e-999999", "most=-1e40", "least=NaN"),
        *("least=sNaN", "most=Infinity", "least=二十", "since=2026-02-30"),
        *("until=0000-01-01", "since=20260101000000"),
    ],
)
def test_an_amount_or_day_no_ledger_knows_is_explained(
    office: Office, query: str
) -> None:
    status, text = refusal(office, f"/payments?{query}")

    assert status == 400
    assert "table.bad_filter" in text


@pytest.mark.parametrize("query", ["decision=zzz", "stage=%27%20OR%201=1"])
def test_a_choice_there_is_not_shows_nothing_and_says_so(
    office: Office, query: str
) -> None:
    status, text = refusal(office, f"/payments?{query}")

    assert status == 400
    assert "请从列表中选择" in text
    assert "没有查询" in text


@pytest.mark.parametrize(
    ("query", "kept"),
    [("least=abc", 'value="abc"'), ("since=x&unit=101001", 'value="101001"')],
)
def test_a_filter_that_cannot_be_read_stays_to_be_mended(
    office: Office, query: str, kept: str
) -> None:
    status, text = refusal(office, f"/payments?{query}")

    assert status == 400
    assert 'id="table-payments"' in text
    assert kept in text


def test_a_refused_form_gives_back_what_was_written(office: Office) -> None:
    path = f"/payments/{office.seq_of('O-held')}"
    with office.post(Role.LEADER) as browser:
        browser.headers["referer"] = f"{office.url}{path}"
        answer = browser.post(
            f"{path.replace('payments', 'holds')}/release", data={"reason": "短"}
        )

    assert answer.status_code == 400
    assert "<blockquote>短</blockquote>" in answer.text
    assert f'<a href="{path}">返回填写页</a>' in answer.text


@pytest.mark.parametrize("referer", ["https://elsewhere.example/x", "//evil/x", "x"])
def test_a_refusal_leads_back_to_no_other_place(office: Office, referer: str) -> None:
    with office.post(Role.LEADER) as browser:
        browser.headers["referer"] = referer
        answer = browser.post("/holds/1/release", data={"reason": "短"})

    assert "返回填写页" not in answer.text


@pytest.mark.parametrize("query", ["rule=NO-SUCH", "unit=%5C"])
def test_a_rule_or_unit_there_is_not_is_no_error(office: Office, query: str) -> None:
    status, _ = refusal(office, f"/payments?{query}")

    assert status == 200


@pytest.mark.parametrize("form", ["exe", "pdf", "CSV", "csv.xlsx"])
def test_only_two_kinds_of_file_are_exported(office: Office, form: str) -> None:
    status, text = refusal(office, f"/payments/export.{form}")

    assert status == 404
    assert "只支持导出" in text


def test_an_export_refuses_the_filters_its_list_refuses(office: Office) -> None:
    status, text = refusal(office, "/payments/export.csv?least=1e999999")

    assert status == 400
    assert "table.bad_filter" in text


@pytest.mark.parametrize("area", ["payments", "alerts", "runs", "imports"])
@pytest.mark.parametrize("number", ["0", "-1", "abc", "9223372036854775808"])
def test_a_number_that_cannot_be_one_is_unreadable(
    office: Office, area: str, number: str
) -> None:
    status, text = refusal(office, f"/{area}/{number}")

    assert status == 422
    assert "请按提示修改" in text


@pytest.mark.parametrize("area", ["payments", "alerts", "runs", "imports"])
def test_a_number_nobody_has_is_missing(office: Office, area: str) -> None:
    status, _ = refusal(office, f"/{area}/9223372036854775807")

    assert status == 404


@pytest.mark.parametrize(
    ("days", "fault"),
    [
        ("0", "不能小于 1"),
        ("31", "不能大于 30"),
        ("x", "须为整数"),
        ("1e1", "须为整数"),
    ],
)
def test_the_first_page_spans_one_to_thirty_days(
    office: Office, days: str, fault: str
) -> None:
    status, text = refusal(office, f"/?days={days}")

    assert status == 422
    assert "query.days" in text
    assert fault in text


def test_a_reason_longer_than_any_form_names_its_limit(office: Office) -> None:
    with office.post(Role.LEADER) as browser:
        answer = browser.post("/holds/1/release", data={"reason": "理" * 5_001})

    assert answer.status_code == 422
    assert "不能多于 5000 个字" in answer.text


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/holds/1/release", "reason"),
        ("/holds/1/refuse", "reason"),
        ("/rules/GX-U14/reset", "reason"),
        ("/rules/proposals/1/approve", "note"),
        ("/rules/proposals/1/refuse", "note"),
    ],
)
def test_text_no_database_holds_is_refused(
    office: Office, path: str, field: str
) -> None:
    with office.post(Role.LEADER) as browser:
        answer = browser.post(path, data={field: f"{REASON}\0"})

    assert answer.status_code == 400
    assert "web.bad_text" in answer.text


@pytest.mark.parametrize("length", [0, 3, 501])
@pytest.mark.parametrize("path", ["/holds/{}/release", "/holds/{}/refuse"])
def test_a_reason_is_neither_a_word_nor_a_novel(
    office: Office, path: str, length: int
) -> None:
    seq = office.seq_of("O-held")

    with office.post(Role.LEADER) as browser:
        answer = browser.post(path.format(seq), data={"reason": "理" * length})

    assert answer.status_code == 400
    assert "请写明理由" in answer.text


def test_the_longest_reason_is_kept_whole(office: Office) -> None:
    office.screen(held_payment("O-reason"))
    seq = office.seq_of("O-reason")

    with office.post(Role.LEADER) as browser:
        browser.post(f"/holds/{seq}/release", data={"reason": "理" * 500})

    assert "理" * 500 in office.read(f"/payments/{seq}", Role.LEADER).text


@pytest.mark.parametrize(
    ("value", "code"),
    [
        *(("NaN", "not_a_value"), ("一千万", "not_a_value"), ("1e9", "out_of_bounds")),
        *(("-5000000", "out_of_bounds"), ("20000000.01", "out_of_bounds")),
        ("5000000.001", "not_a_value"),
    ],
)
def test_a_parameter_takes_only_money_within_its_bounds(
    office: Office, value: str, code: str
) -> None:
    form = {"param": "limit", "value": value, "reason": REASON}

    with office.post(Role.RULE_DRAFTER) as browser:
        answer = browser.post("/rules/GX-U10/proposals", data=form)

    assert answer.status_code == 400
    assert f"tuning.{code}" in answer.text


@pytest.mark.parametrize(
    "totals",
    [
        *({"rows": "9" * 60}, {"rows": "-1"}, {"rows": "1_0"}, {"amount": "NaN"}),
        *({"amount": "Infinity"}, {"amount": "1e9999"}, {"amount": "1e-9999999"}),
        *({"amount": "0.001"}, {"amount": "12元"}),
    ],
)
def test_control_totals_are_a_count_and_money_to_the_fen(
    office: Office, totals: dict[str, str]
) -> None:
    file = {"file": ("四月.csv", b"a,b\n1,2\n", "text/csv")}
    form = {"profile": "standard", **totals}

    with office.post(Role.DATA_STEWARD) as browser:
        answer = browser.post("/imports", data=form, files=file)

    assert answer.status_code == 400
    assert "upload.totals" in answer.text


def test_a_form_without_its_file_is_unreadable(office: Office) -> None:
    with office.post(Role.DATA_STEWARD) as browser:
        answer = browser.post("/imports", data={"profile": "standard"})

    assert answer.status_code == 422
    assert "body.file" in answer.text
