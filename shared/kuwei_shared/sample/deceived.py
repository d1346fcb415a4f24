"""Which rules innocent payments of the sample take in, and by what.

The sample makes these payments as treasuries see them; the hits are false, and
the evaluation counts them.
"""

from __future__ import annotations

_WORDS = "用途中有敏感词,所指是别的事(wording.py)"
_SHOP = "店名两三个字,像个人姓名,又不在账户登记簿"
_OWN = "写“工会会费”“集体福利”,不写目录所列的词"

DECEIVED: dict[str, str] = {
    **dict.fromkeys(
        ["A0112", "A0114", "A0116", "A0118", "A0122", "A0127", "MT-01"], _WORDS
    ),
    **dict.fromkeys(["CT-2", "UL-4"], _SHOP),
    "A0109": f"{_WORDS};{_SHOP}",
    **dict.fromkeys(["GX-U07", "UL-5"], _OWN),
    "GX-U08": "误工补助、收购农产品可用现金,而写法不在目录里",
    "GX-U09": "出差伙食补助依规付给个人",
    "GX-U15A": "银行退回后凭原发票重付;同一发票分期付款",
    "GX-U15B": "每月等额的服务费,每次另有发票",
    "M008": "同一服务商全年多次付款,不是拆分",
    "UL-3": "出差补助付个人,拉低公务卡比例",
}
"""Rule id to what takes it in."""
