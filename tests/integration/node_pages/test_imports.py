import re

import node_site_lab
import pytest
import web_lab
from node_site_lab import MONITOR, STEWARD, STRANGER

pytestmark = pytest.mark.integration

HEAD = "支付主键,支付环节,记录性质,财政区划代码,预算年度,业务日期,预算单位代码,支付金额"
GOOD = "{0}-1,voucher,normal,450102000,2026,2026-04-01,103001,120.50"
BAD = "{0}-2,voucher,normal,450102000,2026,2026-04-01,103001,十二元"


def sheet(name: str, *rows: str) -> bytes:
    written = [row.format(name) for row in rows or (GOOD, BAD)]
    return "\n".join([HEAD, *written]).encode("gb18030")


def hand_in(
    site: node_site_lab.NodeSite, who: str, content: bytes, **form: str
) -> tuple[int, str, str]:
    with site.signed_in(who) as browser:
        token = web_lab.csrf_token(browser.get("/"))
        answer = browser.post(
            "/imports",
            data={"csrf_token": token, "profile": "standard", **form},
            files={"file": ("../四月支付.csv", content, "text/csv")},
        )
    return answer.status_code, answer.url.path, answer.text


def see(site: node_site_lab.NodeSite, who: str, path: str) -> str:
    with site.signed_in(who) as browser:
        return browser.get(path).text


def test_a_file_is_handed_in_run_by_the_worker_and_accounted_for(
    site: node_site_lab.NodeSite,
) -> None:
    status, path, at_once = hand_in(
        site, STEWARD, sheet("I-one"), rows="1", amount="120.50"
    )
    ran = site.run_imports()

    page = see(site, STEWARD, path)
    assert (status, ran) == (200, 1)
    assert "hx-trigger" in at_once
    assert "hx-trigger" not in page
    assert "四月支付.csv" in page
    assert ".." not in page
    assert page.count("相符") == 2


def test_the_files_of_an_import_are_a_table_and_a_file(
    site: node_site_lab.NodeSite,
) -> None:
    _, path, at_once = hand_in(site, STEWARD, sheet("I-files"), rows="1")
    site.run_imports()

    page = see(site, STEWARD, f"{path}/files")
    download = see(site, MONITOR, f"{path}/files/export.csv")

    assert 'id="table-files"' in page
    assert "相符" in page
    assert "四月支付.csv" in download
    assert "文件,状态,编码,申报笔数" in download
    assert "方案 standard" not in at_once


def test_a_refused_row_comes_with_line_reason_and_remedy(
    site: node_site_lab.NodeSite,
) -> None:
    _, path, _ = hand_in(site, STEWARD, sheet("I-two"))
    site.run_imports()

    page = see(site, STEWARD, f"{path}/rejects")
    download = see(site, STEWARD, f"{path}/rejects/export.csv")

    assert "金额无效" in page
    assert "「支付金额」不是有效金额" in page
    assert "十二元" in download


@pytest.mark.parametrize(
    ("name", "rows", "state", "said"),
    [
        ("I-all", [GOOD], "done", "没有被拒绝的行"),
        ("I-none", [BAD], "refused", "全部拒收：没有一行入库"),
        ("I-some", [GOOD, BAD], "partly", "1 行没有入库，其余 1 行已入库"),
    ],
)
def test_the_page_says_whether_rows_were_refused(
    site: node_site_lab.NodeSite, name: str, rows: list[str], state: str, said: str
) -> None:
    _, path, _ = hand_in(site, STEWARD, sheet(name, *rows))
    site.run_imports()

    page = see(site, STEWARD, path)
    listing = see(site, STEWARD, f"/imports?state={state}")

    assert said in page
    assert f'href="{path}"' in listing
    assert ("主要拒绝原因" in page) == ("「支付金额」不是有效金额" in page)
    assert ("主要拒绝原因" in page) == (state != "done")


def test_refused_rows_are_narrowed_by_reason(site: node_site_lab.NodeSite) -> None:
    _, path, _ = hand_in(site, STEWARD, sheet("I-reason"))
    site.run_imports()

    money = see(site, STEWARD, f"{path}/rejects?reason=field.money&sort=-line")
    dates = see(site, STEWARD, f"{path}/rejects?reason=field.date")

    assert "十二元" in money
    assert "没有被拒绝的行" in dates


def test_totals_that_differ_are_said_loudly(site: node_site_lab.NodeSite) -> None:
    _, path, _ = hand_in(site, STEWARD, sheet("I-three"), rows="2")
    site.run_imports()

    page = see(site, STEWARD, path)

    assert "控制合计与申报不符" in page


def test_the_list_tells_how_far_each_import_is(site: node_site_lab.NodeSite) -> None:
    hand_in(site, STEWARD, sheet("I-four"))
    before = see(site, MONITOR, "/imports?state=waiting")
    site.run_imports()
    after = see(site, MONITOR, "/imports?state=waiting")

    assert "hx-trigger" in before
    assert re.search(r'<td class="figure"><a href="/imports/\d+"', before)
    assert "还没有导入过文件" in after


def test_a_progress_fragment_stands_alone(site: node_site_lab.NodeSite) -> None:
    _, path, _ = hand_in(site, STEWARD, sheet("I-five"))

    with site.signed_in(STEWARD) as browser:
        fragment = browser.get(path, headers={"HX-Request": "true"}).text

    assert fragment.lstrip().startswith("<section")
    assert "申报笔数" in fragment
    site.run_imports()


def test_a_file_that_cannot_be_read_fails_alone(site: node_site_lab.NodeSite) -> None:
    _, path, _ = hand_in(site, STEWARD, b"PAR1 but not really")
    ran = site.run_imports()

    page = see(site, STEWARD, path)

    assert ran == 1
    assert "无法读取" in page


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"profile": "no-such"}, "profile.unknown"),
        ({"rows": "many"}, "upload.totals"),
        ({"amount": "很多"}, "upload.totals"),
    ],
)
def test_a_form_that_makes_no_sense_is_explained(
    site: node_site_lab.NodeSite, form: dict[str, str], code: str
) -> None:
    status, _, text = hand_in(site, STEWARD, sheet("I-six"), **form)

    assert status == 400
    assert code in text


def test_an_empty_file_is_refused(site: node_site_lab.NodeSite) -> None:
    status, _, text = hand_in(site, STEWARD, b"")

    assert status == 400
    assert "upload.empty" in text


def test_only_the_data_steward_hands_in(site: node_site_lab.NodeSite) -> None:
    status, _, _ = hand_in(site, MONITOR, sheet("I-seven"))

    assert status == 403
    assert "提交文件" not in see(site, MONITOR, "/imports")


def test_a_steward_of_another_bureau_cannot_hand_in_here(
    site: node_site_lab.NodeSite,
) -> None:
    status, _, text = hand_in(site, "450303-data-steward", sheet("I-eight"))

    assert status == 403
    assert "scope.outside" in text


def test_another_bureau_sees_no_import(site: node_site_lab.NodeSite) -> None:
    _, path, _ = hand_in(site, STEWARD, sheet("I-nine"))
    site.run_imports()

    with site.signed_in(STRANGER) as browser:
        answer = browser.get(path)

    assert answer.status_code == 404
