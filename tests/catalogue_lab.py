"""A catalogue small enough to read, on the real vocabulary; good and bad versions."""

from __future__ import annotations

from pathlib import Path

from kuwei_shared.catalogue import bundle
from kuwei_shared.catalogue.files import read_folder

ROOT = Path(__file__).resolve().parents[1] / "rules-catalog"

RULE = """\
id: {id}
version: {version}
title: {title}
status: {status}
severity: yellow
warn_type: volume
basis:
  - {{ref: GX-9.1.10, document: 办法, clause: 第九条, text: 大额支付, from: 2012-01-01}}
subject: payment
trigger: {{stages: [request, voucher]}}
requires: [pay_amt]
when: {when}
params:
  limit: {{type: money, label: 大额标准(元), default: {default}, min: 1000000.00,
          max: 20000000.00, tighten: down}}
on_missing: pass
on_error: pass
explain: 单笔支付 {{pay_amt}} 元,达到大额支付标准 {{param.limit}} 元。
review: 核对合同与审批文件,向单位电话核实。
examples:
  hit:
    - {{case: 恰为标准, given: {{pay_amt: {hit}}}}}
  clear:
    - {{case: 差一分, given: {{pay_amt: 19999999.99}}}}
  undetermined:
    - {{case: 金额缺失, given: {{pay_amt: null}}}}
"""


def rule(
    rule_id: str = "GX-U10",
    *,
    version: int = 1,
    status: str = "stable",
    when: str = "pay_amt >= param.limit",
    default: str = "20000000.00",
    hit: str = "20000000.00",
    title: str = "大额支付",
) -> str:
    return RULE.format(
        id=rule_id,
        version=version,
        status=status,
        when=when,
        default=default,
        hit=hit,
        title=title,
    )


def files(*sources: str) -> dict[str, bytes]:
    """The real vocabulary with these rules, or with one ordinary rule."""
    base = {
        path: data
        for path, data in read_folder(ROOT).items()
        if not path.startswith(("rules/", "lists/", "catalog.lock"))
    }
    for source in sources or (rule(),):
        rule_id = source.split("\n", 1)[0].removeprefix("id: ")
        base[f"rules/test/{rule_id}.yaml"] = source.encode()
    return base


def packed(*sources: str) -> bytes:
    return bundle.pack_files(files(*sources))


def bad_example() -> bytes:
    """A bundle whose rule misjudges its own example."""
    return packed(rule(hit="19000000.00"))


def uncompilable() -> bytes:
    """A bundle whose condition leaves the vocabulary."""
    return packed(rule(when="pg_sleep(10) is null"))
