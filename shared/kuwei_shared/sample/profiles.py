"""What units spend on: one profile per economic class.

Sizes are log-normal with the median and spread of real vouchers of that kind,
with a long tail (sizes.py); the cap is what the way of paying can bear, no rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Channel = Literal["payroll", "card", "company", "contract", "person", "cash", "own"]


@dataclass(frozen=True, slots=True)
class Profile:
    """How one economic class is paid.

    Attributes:
        eco: department economic class, five digits.
        gov: government economic class for administrative units; institutions
            take 50501, 50502 or 506xx by kind.
        channel: who is paid and how.
        pay_type: payment type code of an ordinary payment.
        weight: how often, relative to the other profiles.
        median, sigma: of the amount in yuan; for payroll, per head and month.
        floor, cap: least and most of an amount, in yuan.
        channel ``own`` is the unit's own-fund account, where rules allow it.
        trade: which suppliers are paid (names.TRADES).
        purposes: texts; {m} becomes the month.
    """

    eco: str
    gov: str
    channel: Channel
    pay_type: str
    weight: float
    median: float
    sigma: float
    floor: float
    cap: float
    trade: str
    purposes: tuple[str, ...]

    @property
    def gov_institution(self) -> str:
        """Government economic class when an institution pays."""
        if self.eco.startswith("301"):
            return "50501"
        if self.eco.startswith("302"):
            return "50502"
        return "50601" if self.eco.startswith("310") else self.gov


_PAYROLL = (
    Profile(
        "30101", "50101", "payroll", "111", 1, 3900, 0.06, 900, 9e6, "payroll",
        ("发放{m}月份在职人员基本工资", "{m}月基本工资"),
    ),
    Profile(
        "30102", "50101", "payroll", "111", 1, 2600, 0.10, 600, 8e6, "payroll",
        ("发放{m}月份津贴补贴", "{m}月在职人员津贴"),
    ),
    Profile(
        "30107", "50101", "payroll", "111", 1, 1900, 0.15, 500, 8e6, "payroll",
        ("发放{m}月份绩效工资", "{m}月基础性绩效工资"),
    ),
    Profile(
        "30108", "50102", "payroll", "111", 1, 1200, 0.05, 300, 4e6, "insurance",
        ("缴纳{m}月份机关事业单位养老保险", "{m}月基本养老保险单位缴费"),
    ),
    Profile(
        "30110", "50102", "payroll", "111", 1, 520, 0.05, 150, 3e6, "insurance",
        ("缴纳{m}月份职工基本医疗保险", "{m}月职工医保单位缴费"),
    ),
    Profile(
        "30113", "50103", "payroll", "111", 1, 960, 0.05, 300, 4e6, "housing",
        ("缴存{m}月份住房公积金", "{m}月住房公积金单位部分"),
    ),
)  # fmt: skip

_CARD = (
    Profile(
        "30201", "50201", "card", "121", 12, 1650, 1.05, 21, 49.9e3, "stationery",
        ("购办公用纸及文具", "购打印机硒鼓墨盒", "购档案盒文件夹",
         "购会议桌签及办公耗材",
         "报{m}月办公用品款", "购电脑键盘鼠标", "订阅报刊杂志"),
    ),
    Profile(
        "30202", "50201", "card", "121", 3, 2300, 1.0, 60, 49.9e3, "printing",
        ("印制宣传手册", "印制业务表册", "文件汇编印刷费", "制作宣传展板",
         "印制信封信纸"),
    ),
    Profile(
        "30205", "50201", "card", "121", 1.5, 1900, 1.0, 80, 49.9e3, "water",
        ("缴{m}月份水费", "{m}月办公楼水费"),
    ),
    Profile(
        "30206", "50201", "card", "121", 2.2, 5200, 1.0, 160, 49.9e3, "power",
        ("缴{m}月份电费", "{m}月办公区电费", "机房{m}月电费"),
    ),
    Profile(
        "30207", "50201", "card", "121", 2.4, 980, 0.9, 30, 49.9e3, "telecom",
        ("{m}月固定电话及宽带费", "缴互联网专线费", "邮寄公文快递费",
         "视频会议专线月租费"),
    ),
    Profile(
        "30209", "50201", "card", "121", 1.4, 8800, 0.8, 600, 49.9e3, "property",
        ("{m}月份物业管理费", "办公楼保洁服务费", "办公区绿化养护费"),
    ),
    Profile(
        "30211", "50201", "card", "121", 13, 1750, 0.75, 60, 49.9e3, "travel",
        ("赴区直部门汇报工作差旅费", "下乡开展业务检查差旅费", "参加业务工作会差旅费",
         "赴外地学习考察差旅费", "驻村工作队{m}月差旅费", "赴县区督导工作差旅费"),
    ),
    Profile(
        "30213", "50209", "card", "121", 4.6, 3600, 1.0, 90, 49.9e3, "repair",
        ("办公楼漏水维修", "空调维修及加氟", "电梯年度维保费", "网络线路检修",
         "消防设施维修",
         "办公设备维修费"),
    ),
    Profile(
        "30214", "50201", "card", "121", 1.0, 7200, 0.8, 400, 49.9e3, "rental",
        ("租用档案库房租金", "租赁复印机费用", "会务音响设备租赁费"),
    ),
    Profile(
        "30215", "50202", "card", "121", 1.1, 5200, 0.7, 900, 49.9e3, "hotel",
        ("召开全系统工作布置会会议费", "召开业务推进会会议费",
         "召开年度工作总结会会议费"),
    ),
    Profile(
        "30216", "50203", "card", "121", 1.7, 6100, 0.7, 700, 49.9e3, "hotel",
        ("举办业务骨干培训班培训费", "举办新入职人员培训班培训费",
         "举办安全生产知识培训费"),
    ),
    Profile(
        "30217", "50206", "card", "121", 2.4, 560, 0.8, 90, 49.9e3, "canteen",
        ("上级部门来访工作餐", "兄弟单位交流学习接待用餐", "调研组公务接待工作餐"),
    ),
    Profile(
        "30218", "50204", "card", "121", 3.4, 7600, 0.9, 200, 49.9e3, "materials",
        ("购实验室试剂耗材", "购教学用实验材料", "购防护用品", "购卫生防疫专用材料"),
    ),
    Profile(
        "30231", "50208", "card", "121", 3.2, 1350, 0.7, 120, 49.9e3, "vehicle",
        ("公务用车{m}月燃油费", "公务用车年度保险费", "公务用车维修保养费",
         "公务用车高速通行费", "公务用车年检费"),
    ),
    Profile(
        "30239", "50201", "card", "121", 1.0, 820, 0.8, 25, 49.9e3, "transport",
        ("租用执法车辆费用", "公务出行交通费", "运送物资车辆租赁费"),
    ),
)  # fmt: skip

_TRANSFER = (
    Profile(
        "30399", "50999", "cash", "121", 0.3, 420, 0.6, 80, 6e3, "person",
        ("提取备用金慰问困难群众", "{m}月慰问金", "提取备用金发放救济款"),
    ),
    Profile(
        "30226", "50205", "person", "121", 2.6, 2100, 0.7, 200, 2e5, "person",
        ("支付专家评审费", "支付讲课劳务费", "支付临时用工{m}月劳务费",
         "支付法律顾问咨询劳务费"),
    ),
    Profile(
        "30305", "50901", "person", "121", 3.0, 1900, 0.6, 300, 9e4, "person",
        ("发放{m}月遗属生活补助", "发放困难群众生活补助", "发放村干部{m}月生活补助"),
    ),
    Profile(
        "30308", "50902", "person", "121", 1.2, 1500, 0.4, 400, 5e4, "person",
        ("发放家庭经济困难学生助学金", "发放国家助学金"),
    ),
    Profile(
        "30211", "50201", "person", "121", 0.25, 640, 0.6, 80, 2e4, "person",
        ("发放{m}月出差伙食补助费", "发放驻村工作队员{m}月伙食交通补助"),
    ),
    Profile(
        "30228", "50201", "own", "121", 0.5, 2600, 0.7, 200, 2e5, "own",
        ("拨缴{m}月工会经费", "{m}月工会经费划转工会账户"),
    ),
    Profile(
        "30229", "50201", "own", "121", 0.4, 3800, 0.7, 200, 2e5, "own",
        ("计提{m}月职工福利费", "{m}月福利费划转"),
    ),
    Profile(
        "30227", "50205", "company", "121", 5.2, 42e3, 1.0, 3e3, 3e7, "service",
        ("付信息系统运行维护费", "付第三方绩效评价服务费", "付工程造价咨询服务费",
         "付档案数字化加工费", "付环境检测服务费", "付网络安全等级保护测评费",
         "付规划编制服务费第{m}期"),
    ),
    Profile(
        "30299", "50299", "company", "121", 3.4, 4600, 1.0, 100, 5e6, "service",
        ("付宣传活动布展费", "付志愿服务活动物料费", "付乡村振兴帮扶物资款",
         "付公益广告制作费"),
    ),
    Profile(
        "31002", "50306", "contract", "112", 2.2, 21e3, 0.9, 2e3, 2e7, "equipment",
        ("购台式计算机及打印机", "购多功能一体机", "购会议平板及配套设备",
         "购办公家具"),
    ),
    Profile(
        "31003", "50306", "contract", "112", 1.6, 92e3, 1.2, 6e3, 8e7, "equipment",
        ("购医疗设备款", "购教学实训设备款", "购检验检测设备款", "购应急救援装备款"),
    ),
    Profile(
        "31005", "50302", "contract", "113", 1.5, 340e3, 1.45, 12e3, 4e8, "works",
        ("付农村道路硬化工程进度款", "付河道整治工程进度款",
         "付高标准农田建设工程进度款",
         "付排水管网改造工程进度款", "付饮水安全巩固提升工程款"),
    ),
    Profile(
        "31006", "50307", "contract", "113", 0.9, 160e3, 1.3, 8e3, 2e8, "works",
        ("付教学楼修缮工程进度款", "付办公用房维修改造工程款",
         "付卫生院业务用房修缮工程款"),
    ),
)  # fmt: skip

PROFILES: tuple[Profile, ...] = (*_PAYROLL, *_CARD, *_TRANSFER)
PAYROLL_COUNT = len(_PAYROLL)
# A class paid in two ways is known by the first.
INDEX: dict[str, int] = {
    profile.eco: i for i, profile in reversed(list(enumerate(PROFILES)))
}
