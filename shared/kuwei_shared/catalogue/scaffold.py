"""``kuwei-rules new``: a rule file to fill in, complete but for the thinking."""

from __future__ import annotations

import re
from pathlib import Path

from kuwei_shared.catalogue import files as layout
from kuwei_shared.kernel.errors import Kind, KuweiError

UNWRITTEN = "待写"
ID_LENGTH_MAX = 24
_ID = re.compile(r"([A-Z]+)[A-Z0-9]{0,7}(-[A-Z0-9]{1,6})*")

TEMPLATE = """\
id: {id}
version: 1
title: 待写题名
status: draft             # draft | trial | stable | retired
severity: yellow          # record | yellow | orange | red | grey
warn_type: other          # direction 流向 | speed 流速 | volume 流量 | other
basis:
  - ref: {ref}
    document: 待写文件名称
    clause: 待写条款
    text: 待写原文
subject: payment
trigger: {{stages: [request, voucher]}}   # 定时规则写 {{schedule: day_end}}
requires: [pay_amt]       # 缺一即不能判断
when: pay_amt >= param.limit
params:
  limit: {{type: money, label: 标准(元), default: 100000.00}}
on_missing: pass          # pass | hold | reject
on_error: pass
explain: 支付 {{pay_amt}} 元,达到标准 {{param.limit}} 元。
review: 待写核查建议。
examples:                 # 在 examples/base.yaml 上改写
  hit:
    - case: 恰为标准
      given: {{pay_amt: 100000.00}}
  clear:
    - case: 差一分
      given: {{pay_amt: 99999.99}}
  undetermined:
    - case: 金额缺失
      given: {{pay_amt: null}}
"""


def new_rule(root: Path, rule_id: str, family: str | None = None) -> Path:
    """Write the file of a new draft rule; return where it is.

    Raises:
        KuweiError: the id is malformed or taken, the folder is no place for rules,
            or there is no catalogue.
    """
    layout.read_folder(root)
    shaped = _ID.fullmatch(rule_id)
    if not shaped or len(rule_id) > ID_LENGTH_MAX:
        raise KuweiError(
            "rule.id",
            f"规则号“{rule_id}”不合格式;写成如 GX-U10、A0108,至多 {ID_LENGTH_MAX} 字。",
        )
    path = f"rules/{family or shaped[1].lower()}/{rule_id}.yaml"
    if not layout.is_rule(path):
        raise KuweiError(
            "rule.family",
            f"“{family}”不能作规则的文件夹;只用小写字母、数字、- 和 _,"
            "如 gx,至多三层,如 city/liuzhou。",
        )
    taken = sorted((root / "rules").rglob(f"{rule_id}.yaml"))
    if taken:
        raise KuweiError(
            "rule.exists", f"{taken[0]} 已存在;请换规则号。", kind=Kind.CONFLICT
        )
    place = root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(TEMPLATE.format(id=rule_id, ref=rule_id), encoding="utf-8")
    return place
