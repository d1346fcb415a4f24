"""Why a row was refused, and what to do about it, in words for the treasury."""

from __future__ import annotations

from enum import StrEnum

from kuwei_shared.rules.bounds import CODE_CHARS_MAX, TEXT_CHARS_MAX


class Reason(StrEnum):
    """A stable code for each way a row can be refused."""

    COLUMNS = "row.columns"
    OBJECT = "row.object"
    ENCODING = "row.encoding"
    MISSING = "field.missing"
    MONEY = "field.money"
    NUMBER = "field.number"
    DATE = "field.date"
    CODE = "field.code"
    PATTERN = "field.pattern"
    LENGTH = "field.length"
    CONTROL = "field.control_character"
    DIGITS = "field.digits"
    SIGN = "field.sign"
    ORIGINAL = "field.original"
    ITSELF = "field.itself"
    YEAR = "field.year"
    RESERVED = "field.reserved"
    ELSEWHERE = "row.elsewhere"
    REPEATED = "row.repeated"
    DIFFERS = "row.differs"
    SUBTOTAL = "report.subtotal"
    TOTAL = "report.total"


TITLES: dict[Reason, str] = {
    Reason.COLUMNS: "列数不符",
    Reason.OBJECT: "不是 JSON 对象",
    Reason.ENCODING: "编码无效",
    Reason.MISSING: "必填项为空",
    Reason.MONEY: "金额无效",
    Reason.NUMBER: "数字无效",
    Reason.DATE: "日期无效",
    Reason.CODE: "代码不在范围",
    Reason.PATTERN: "格式不符",
    Reason.LENGTH: "内容过长",
    Reason.CONTROL: "含控制字符",
    Reason.DIGITS: "数字已失真",
    Reason.SIGN: "金额正负不符",
    Reason.ORIGINAL: "缺原支付主键",
    Reason.ITSELF: "原支付是自己",
    Reason.YEAR: "年度与日期不符",
    Reason.RESERVED: "主键为系统保留",
    Reason.ELSEWHERE: "不归本节点",
    Reason.REPEATED: "主键重复",
    Reason.DIFFERS: "与已有记录不同",
    Reason.SUBTOTAL: "小计不符",
    Reason.TOTAL: "合计行读不出",
}

REMEDIES: dict[Reason, str] = {
    Reason.COLUMNS: "本行列数与表头不符,请检查是否缺列、多列或引号未闭合。",
    Reason.OBJECT: "本行须是一个 JSON 对象,其中没有嵌套的对象或数组,请检查导出程序。",
    Reason.ENCODING: "JSON 行文件须为 UTF-8 编码,请以 UTF-8 重新导出。",
    Reason.MISSING: "必填项「{label}」为空,请在来源系统补齐后重新导出。",
    Reason.MONEY: "「{label}」不是有效金额(至多两位小数),"
    "请核对金额写法与导入方案的小数点设置。",
    Reason.NUMBER: "「{label}」不是有效数字,请在来源文件中改正。",
    Reason.DATE: "「{label}」不是有效日期(支付限 1990–2099 年),"
    "请核对日期写法与导入方案的日期格式。",
    Reason.CODE: "「{label}」的代码不在允许范围,请改正代码或在导入方案中补充对照。",
    Reason.PATTERN: "「{label}」不符合导入方案规定的格式,请核对来源文件。",
    Reason.LENGTH: f"「{{label}}」过长(代码与编号至多 {CODE_CHARS_MAX} 字,"
    f"其他文字至多 {TEXT_CHARS_MAX} 字),请在来源文件中缩短。",
    Reason.CONTROL: "「{label}」含有不可见的控制字符,请清除后重新导入。",
    Reason.DIGITS: "「{label}」是超过 15 位的数字,来源程序已舍入,末几位不可信;"
    "请在来源系统以文本格式导出该列。",
    Reason.SIGN: "正常支付的「{label}」不得为负,退款、撤销的不得为正;请改正记录性质,"
    "或在导入方案中写明负数是什么(negative_is)。",
    Reason.ORIGINAL: "撤销须写明「{label}」;查不到原支付的,请作为退款导入。",
    Reason.ITSELF: "「{label}」不得是本笔自己,请改为被冲减的那一笔。",
    Reason.YEAR: "「{label}」与业务日期相差超过一年,请在来源文件中改正,"
    "或核对导入方案的财年末月。",
    Reason.RESERVED: "「{label}」不得以“撤销:”开头,那是本节点自己的撤销记录;"
    "请改用来源系统的主键。",
    Reason.ELSEWHERE: "该行的财政区划不归本节点,请交由所属财政部门的节点导入。",
    Reason.SUBTOTAL: "报表中的小计与其明细之和不符,请向出表部门核对原报表。",
    Reason.TOTAL: "文件自带的合计行读不出,控制合计未能核对;"
    "请核对合计行的写法与导入方案的小数点、金额单位设置。",
    Reason.DIFFERS: "本节点已有同一支付主键的记录而内容不同,更正应以更正记录另行导入。",
    Reason.REPEATED: "同一次导入中支付主键重复,只记第一行,请核对是否重复导出。",
}


def remedy(code: str, label: str) -> str:
    """Return what the person should do about a refused row."""
    return REMEDIES[Reason(code)].format(label=label)
