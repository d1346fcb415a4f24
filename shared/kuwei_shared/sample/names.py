"""Names that read like real ones: units, firms, persons, banks.

Built from common words; likeness to an existing firm or person is chance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Fictional banks: (code, name, agent bank of the treasury).
BANKS: tuple[tuple[str, str, bool], ...] = (
    ("901", "桂江银行", True),
    ("902", "邕州银行", True),
    ("903", "榕湖商业银行", True),
    ("904", "红水河农村商业银行", True),
    ("905", "左江村镇银行", False),
)

# Trade: (ending of the firm's name, share of firms in the region's capital).
TRADES: dict[str, tuple[str, ...]] = {
    "stationery": ("办公用品有限公司", "文化用品有限公司", "文体用品经营部"),
    "printing": ("印务有限公司", "彩印有限责任公司", "图文广告有限公司"),
    "water": ("供水有限公司", "自来水有限责任公司"),
    "power": ("供电局", "电力服务有限公司"),
    "telecom": ("通信有限公司", "速递物流有限公司", "信息网络有限公司"),
    "property": ("物业服务有限公司", "保洁服务有限公司", "园林绿化有限公司"),
    "travel": ("宾馆", "大酒店", "商务酒店", "客运有限公司"),
    "repair": ("机电设备维修有限公司", "制冷设备服务部", "建筑修缮有限公司"),
    "rental": ("设备租赁有限公司", "仓储服务有限公司"),
    "hotel": ("饭店", "大酒店", "国际酒店"),
    "canteen": ("饭店", "餐饮管理有限公司", "农家菜馆"),
    "materials": ("医疗器械有限公司", "化玻仪器有限公司", "劳保用品有限公司"),
    "vehicle": ("石油销售有限公司加油站", "汽车维修服务有限公司", "汽车服务中心"),
    "transport": ("汽车租赁有限公司", "运输有限公司"),
    "service": ("信息技术有限公司", "工程咨询有限公司", "检测技术有限公司",
                "科技发展有限公司", "文化传播有限公司"),
    "equipment": ("科技有限公司", "医疗设备有限公司", "教学设备有限公司",
                  "家具制造有限公司"),
    "works": ("建设工程有限公司", "水利水电建筑有限公司", "市政工程有限公司",
              "路桥工程有限责任公司"),
}  # fmt: skip

_FIRST = "恒鑫宏华瑞泰嘉德盛博远润景昌正利永信达安众诚汇鼎辉隆丰骏翔锦"
_SECOND = "通远达盛源兴瑞丰邦和泰康隆顺捷诚宇拓创腾昊翼飞川林森海航星辰"

# Walks over all stems without meeting one twice: prime to their number.
_STRIDE = 337

_SURNAMES = (
    "李王张刘陈杨黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭"
    "吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱"
    "秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文韦覃农蓝莫"
)
_GIVEN = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂英华玉萍红娥玲芬燕彩春菊凤洁梅琳"
    "素云莲真环雪荣爱妹香月莺媛瑞凡佳嘉琼勤珍贞莉"
)


@dataclass(frozen=True, slots=True)
class Department:
    """A department found at every level, and what works under it.

    Attributes:
        code: first three digits of its units' codes.
        name: without 局 or 厅, e.g. ``教育``.
        ending: at city and county level.
        funcs: functional classes its units pay from.
        subs: names of subordinate institutions; {n} becomes a numeral.
    """

    code: str
    name: str
    ending: str
    funcs: tuple[str, ...]
    subs: tuple[str, ...]


DEPARTMENTS: tuple[Department, ...] = tuple(
    Department(code, name, ending, tuple(funcs.split()), tuple(subs.split()))
    for code, name, ending, funcs, subs in (
        ("205", "教育", "局", "2050101 2050201 2050202 2050203 2050204",
         "第{n}小学 第{n}中学 第{n}幼儿园 第{n}初级中学 教师进修学校 特殊教育学校"),
        ("210", "卫生健康", "局", "2100101 2100201 2100301 2100401",
         "第{n}人民医院 第{n}社区卫生服务中心 疾病预防控制中心 妇幼保健院 中医医院"),
        ("213", "农业农村", "局", "2130101 2130104 2130106 2130122",
         "农业技术推广中心 第{n}畜牧兽医站 农产品质量安全检测中心"),
        ("207", "文化广电体育和旅游", "局", "2070101 2070104 2070109",
         "文化馆 图书馆 博物馆 第{n}体育场馆管理中心"),
        ("208", "人力资源和社会保障", "局", "2080101 2080109 2080199",
         "就业服务中心 社会保险事业管理中心"),
        ("209", "民政", "局", "2080201 2080207 2081004",
         "社会福利院 第{n}敬老院 救助管理站"),
        ("212", "住房和城乡建设", "局", "2120101 2120106 2120303",
         "市政设施管理所 房屋征收服务中心 第{n}环境卫生管理站"),
        ("214", "交通运输", "局", "2140101 2140106 2140110",
         "公路养护中心 第{n}公路管理站 道路运输发展中心"),
        ("215", "工业和信息化", "局", "2150501 2150517", "中小企业服务中心"),
        ("216", "水利", "局", "2130301 2130305 2130314",
         "水库管理中心 第{n}水利工程管理站 防汛抗旱服务中心"),
        ("211", "生态环境", "局", "2110101 2110301 2110401", "环境监测站"),
        ("206", "科学技术", "局", "2060101 2060404", "生产力促进中心"),
        ("220", "自然资源", "局", "2200101 2200104", "不动产登记中心 国土资源所"),
        ("224", "应急管理", "局", "2240101 2240106", "应急救援中心"),
        ("225", "市场监督管理", "局", "2013801 2013812", "计量检定测试所"),
        ("217", "林业", "局", "2130201 2130204", "国有第{n}林场 森林病虫害防治站"),
        ("201", "财政", "局", "2010601 2010607 2010650", "国库支付中心 投资评审中心"),
        ("202", "发展和改革", "局", "2010401 2010408", "价格认证中心"),
        ("218", "审计", "局", "2010801 2010804", "审计信息中心"),
        ("219", "统计", "局", "2010501 2010505", "普查中心"),
        ("221", "机关事务管理", "局", "2010301 2010303", "机关服务中心"),
        ("223", "商务", "局", "2011301 2160201", "投资促进中心"),
        ("226", "医疗保障", "局", "2101501 2101505", "医疗保障事业管理中心"),
        ("228", "退役军人事务", "局", "2082801 2082804", "军队离休退休干部服务中心"),
    )
)  # fmt: skip

TOWN_UNITS: tuple[tuple[str, str, str], ...] = (
    ("人民政府", "administrative", "2010301"),
    ("财政所", "institution", "2010650"),
    ("中心小学", "institution", "2050202"),
    ("卫生院", "institution", "2100302"),
    ("农业农村综合服务中心", "institution", "2130104"),
)

_NUMERALS = "一二三四五六七八九十"


def numeral(number: int) -> str:
    """Return 1 to 99 in Chinese, larger numbers in digits."""
    if number <= len(_NUMERALS):
        return _NUMERALS[number - 1]
    tens, ones = divmod(number, 10)
    if tens >= len(_NUMERALS):
        return str(number)
    head = "" if tens == 1 else _NUMERALS[tens - 1]
    return f"{head}十{_NUMERALS[ones - 1] if ones else ''}"


def firms(rng: np.random.Generator, place: str, trade: str, count: int) -> list[str]:
    """Return ``count`` different firm names of a trade, most of them local."""
    endings, stems = TRADES[trade], len(_FIRST) * len(_SECOND)
    start = int(rng.integers(stems))
    names: list[str] = []
    for i in range(count):
        pair = (start + i * _STRIDE) % stems
        stem = _FIRST[pair // len(_SECOND)] + _SECOND[pair % len(_SECOND)]
        where = place if i % 4 else "广西"
        branch = f"第{numeral(i // stems)}分公司" if i >= stems else ""
        names.append(f"{where}{stem}{endings[i % len(endings)]}{branch}")
    return names


def persons(rng: np.random.Generator, count: int) -> list[str]:
    """Return ``count`` personal names of two or three characters, repeats allowed."""
    surnames = rng.integers(0, len(_SURNAMES), count)
    given = rng.integers(0, len(_GIVEN), (count, 2))
    double = rng.random(count) < 0.75  # noqa: PLR2004  # share of two-character given names
    return [
        _SURNAMES[s] + _GIVEN[a] + (_GIVEN[b] if two else "")
        for s, (a, b), two in zip(surnames, given, double, strict=True)
    ]
