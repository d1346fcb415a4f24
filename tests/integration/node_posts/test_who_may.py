import post_lab
import pytest
from node_site_lab import held_payment
from post_lab import ELSEWHERE, REASON, Office, able, unable

from kuwei_shared.identity.permissions import Permission
from kuwei_shared.identity.roles import OUTSIDE, Role

pytestmark = pytest.mark.integration

OPEN = ("/", "/rules", "/rules/GX-U10", "/rules/proposals", "/rules/local", "/runs")
OF_PAYMENTS = ("/payments", "/payments/1", "/holds", "/holds/done", "/alerts")
OF_IMPORTS = ("/imports", "/imports/1", "/imports/1/rejects")
EXPORTS = (
    "payments",
    "holds",
    "holds/done",
    "alerts",
    "rules",
    "rules/proposals",
    "rules/local",
)
TUNED = {"param": "limit", "value": "5000000", "reason": REASON}
SHEET = {"file": ("四月.csv", b"a,b\n1,2\n", "text/csv")}


def statuses(office: Office, role: Role, *paths: str) -> set[int]:
    with office.post(role) as browser:
        return {browser.get(path).status_code for path in paths}


@pytest.mark.parametrize("role", unable(Permission.SEE_PAGES))
def test_units_banks_and_machines_open_no_page(office: Office, role: Role) -> None:
    assert statuses(office, role, *OPEN, *OF_PAYMENTS, *OF_IMPORTS) == {403}


@pytest.mark.parametrize("role", sorted(set(unable(Permission.SEE_PAYMENTS)) - OUTSIDE))
def test_posts_without_payments_open_none_of_their_pages(
    office: Office, role: Role
) -> None:
    assert statuses(office, role, *OF_PAYMENTS, *OF_IMPORTS) == {403}


@pytest.mark.parametrize("role", able(Permission.SEE_PAYMENTS))
def test_posts_with_payments_open_their_pages(office: Office, role: Role) -> None:
    assert statuses(office, role, *OPEN, *OF_PAYMENTS, "/imports") == {200}


@pytest.mark.parametrize("role", unable(Permission.EXPORT_TABLES))
def test_posts_without_the_right_export_nothing(office: Office, role: Role) -> None:
    paths = [f"/{name}/export.csv" for name in (*EXPORTS, "imports", "runs")]

    assert statuses(office, role, *paths) == {403}


@pytest.mark.parametrize("name", [*EXPORTS, "imports", "runs"])
def test_every_export_names_who_took_it_and_is_entered_in_the_log(
    office: Office, name: str
) -> None:
    with office.post(Role.ASSESSOR) as browser:
        sheet = browser.get(f"/{name}/export.csv").content.decode("utf-8-sig")

    log = office.read("/audit?act=导出", Role.AUDITOR).text
    assert "导出人:考核岗" in sheet.splitlines()[-1]
    assert "assessor" in log


@pytest.mark.parametrize("act", ["release", "refuse"])
@pytest.mark.parametrize("role", unable(Permission.DECIDE_HELD))
def test_no_other_post_decides_a_held_payment(
    office: Office, role: Role, act: str
) -> None:
    path = f"/holds/{office.seq_of('O-held')}/{act}"

    with office.post(role) as browser:
        answer = browser.post(path, data={"reason": REASON})

    assert answer.status_code == 403
    assert "O-held" in office.read("/holds", Role.MONITOR).text


@pytest.mark.parametrize("role", able(Permission.DECIDE_HELD))
def test_a_reviewer_and_a_leader_decide_behind_the_wall(
    office: Office, role: Role
) -> None:
    office.screen(held_payment(f"O-{role}"))
    path = f"/holds/{office.seq_of(f'O-{role}')}/refuse"

    with office.post(role) as browser:
        page = browser.post(path, data={"reason": REASON}).text

    assert "已拒付" in page
    assert f"O-{role}" in office.read("/holds/done?state=refused", role).text


@pytest.mark.parametrize("role", unable(Permission.TUNE_RULES))
def test_no_other_post_proposes_a_parameter(office: Office, role: Role) -> None:
    with office.post(role) as browser:
        answer = browser.post("/rules/GX-U10/proposals", data=TUNED)

    assert answer.status_code == 403


@pytest.mark.parametrize("role", unable(Permission.APPROVE_TUNING))
def test_no_other_post_approves_refuses_or_resets(office: Office, role: Role) -> None:
    paths = ("proposals/1/approve", "proposals/1/refuse", "GX-U14/reset")

    with office.post(role) as browser:
        answers = [browser.post(f"/rules/{path}", data=TUNED) for path in paths]

    assert {answer.status_code for answer in answers} == {403}


@pytest.mark.parametrize("role", unable(Permission.IMPORT_FILES))
def test_no_other_post_hands_a_file_in_or_takes_refused_rows(
    office: Office, role: Role
) -> None:
    with office.post(role) as browser:
        handed = browser.post("/imports", data={"profile": "standard"}, files=SHEET)
        taken = browser.get("/imports/1/rejects/export.csv")

    assert (handed.status_code, taken.status_code) == (403, 403)


@pytest.mark.parametrize("role", unable(Permission.SEE_AUDIT))
def test_no_other_post_reads_the_audit_log(office: Office, role: Role) -> None:
    assert statuses(office, role, "/audit") == {403}


@pytest.mark.parametrize(
    ("role", "path"),
    [
        (Role.RULE_DRAFTER, "/rules/GX-U10/proposals"),
        (Role.REVIEWER, "/rules/proposals/1/approve"),
        (Role.LEADER, "/rules/proposals/1/refuse"),
        (Role.RULE_APPROVER, "/rules/GX-U14/reset"),
    ],
)
@pytest.mark.parametrize("code", [ELSEWHERE, "450100000", "450000000"])
def test_rules_in_force_here_are_changed_by_this_bureau_alone(
    office: Office, role: Role, path: str, code: str
) -> None:
    with office.post(role, code) as browser:
        answer = browser.post(path, data=TUNED)

    assert answer.status_code == 403
    assert "scope.outside" in answer.text


def test_an_auditor_of_another_bureau_does_not_read_this_ones_log(
    office: Office,
) -> None:
    answer = office.read("/audit", Role.AUDITOR, ELSEWHERE)

    assert answer.status_code == 403
    assert "scope.outside" in answer.text


@pytest.mark.parametrize("path", ["/runs", "/runs/1", "/runs/export.csv"])
@pytest.mark.parametrize("code", [ELSEWHERE, post_lab.TOWNSHIP])
def test_runs_over_the_whole_bureau_are_shown_to_its_own_staff(
    office: Office, path: str, code: str
) -> None:
    office.sweep()

    answer = office.read(path, Role.MONITOR, code)

    assert answer.status_code == 403
    assert "scope.outside" in answer.text


def test_rules_are_shown_to_staff_of_other_bureaus(office: Office) -> None:
    answers = [office.read(path, Role.MONITOR, ELSEWHERE) for path in OPEN[:-1]]

    assert {answer.status_code for answer in answers} == {200}


@pytest.mark.parametrize("act", ["release", "refuse", "rescreen"])
def test_another_bureaus_leader_finds_no_payment_to_act_on(
    office: Office, act: str
) -> None:
    owner = "payments" if act == "rescreen" else "holds"
    path = f"/{owner}/{office.seq_of('O-held')}/{act}"

    with office.post(Role.LEADER, ELSEWHERE) as browser:
        answer = browser.post(path, data={"reason": REASON})

    assert answer.status_code == 404


def test_a_county_sees_the_payments_of_the_township_it_hosts(office: Office) -> None:
    county = office.read("/payments?number=O-large", Role.MONITOR)
    township = office.read("/payments", Role.MONITOR, post_lab.TOWNSHIP)

    assert "O-large" in county.text
    assert "O-large" in township.text
    assert "O-held" not in township.text


def test_a_township_decides_nothing_of_its_county(office: Office) -> None:
    path = f"/holds/{office.seq_of('O-held')}/release"

    with office.post(Role.REVIEWER, post_lab.TOWNSHIP) as browser:
        answer = browser.post(path, data={"reason": REASON})

    assert answer.status_code == 404


def test_pages_hide_what_a_post_may_not_do(office: Office) -> None:
    seq = office.seq_of("O-held")

    monitor = office.read(f"/payments/{seq}", Role.MONITOR).text
    reviewer = office.read(f"/payments/{seq}", Role.REVIEWER).text

    assert f"/holds/{seq}/release" not in monitor
    assert f"/holds/{seq}/release" in reviewer
