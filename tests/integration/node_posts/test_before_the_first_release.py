import pytest
from node_site_lab import held_payment
from post_lab import REASON, Office

from kuwei_shared.identity.roles import Role
from kuwei_shared.kernel.errors import KuweiError

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/", "本节点尚无已启用的规则目录,支付暂不能审核"),
        ("/payments", "没有符合条件的支付"),
        ("/holds", "没有待处理的支付"),
        ("/holds/done", "没有符合条件的记录"),
        ("/alerts", "没有符合条件的预警"),
        ("/rules/proposals", "没有符合条件的参数调整"),
        ("/runs", "还没有定时检查"),
        ("/imports", "还没有导入过文件"),
        ("/audit", "还没有记录"),
    ],
)
def test_a_page_of_nothing_says_what_is_missing(
    bare: Office, path: str, sentence: str
) -> None:
    answer = bare.read(path, Role.AUDITOR)

    assert answer.status_code == 200
    assert sentence in answer.text.replace("，", ",")


def test_the_first_page_does_not_call_rules_sound_that_are_not_there(
    bare: Office,
) -> None:
    page = bare.read("/", Role.MONITOR).text

    assert "尚无生效的规则目录" in page
    assert "全部规则均可判定" not in page


@pytest.mark.parametrize("path", ["/rules", "/rules/GX-U10", "/rules/export.csv"])
def test_rules_are_unavailable_and_say_what_to_wait_for(
    bare: Office, path: str
) -> None:
    answer = bare.read(path, Role.AUDITOR)

    assert answer.status_code == 503
    assert "请等待省级发布并安排" in answer.text


@pytest.mark.parametrize("name", ["holds", "holds/done", "alerts", "runs", "imports"])
def test_an_export_of_nothing_is_its_heading_and_its_mark(
    bare: Office, name: str
) -> None:
    sheet = bare.read(f"/{name}/export.csv", Role.MONITOR).content.decode("utf-8-sig")

    assert len(sheet.splitlines()) == 2
    assert "共 0 行" in sheet


def test_nothing_can_be_proposed(bare: Office) -> None:
    form = {"param": "limit", "value": "5000000", "reason": REASON}

    with bare.post(Role.RULE_DRAFTER) as browser:
        answer = browser.post("/rules/GX-U10/proposals", data=form)

    assert answer.status_code == 503
    assert "catalogue.none" in answer.text


def test_no_payment_is_waved_through_unseen(bare: Office) -> None:
    with pytest.raises(KuweiError, match=r"catalogue\.none"):
        bare.screen(held_payment("B-early"))

    assert "B-early" not in bare.read("/payments", Role.MONITOR).text


def test_no_scheduled_run_is_due(bare: Office) -> None:
    assert bare.sweep() == 0
