"""The demo, stage by stage; each step is safe to run again on the data it left."""

from __future__ import annotations

import founding
import screen
import serving
import walls
import year
from stages import Stage
from state import Stack

STAGES: tuple[Stage[Stack], ...] = (
    Stage("启动数据库与队列", founding.servers),
    Stage("建立库表", founding.tables),
    Stage("建立证书与密钥", founding.authority),
    Stage("启动身份服务", serving.issuer),
    Stage("启动省级中心", serving.hub),
    Stage("节点入网", founding.membership),
    Stage("发布规则目录", founding.catalogue),
    Stage("启动节点", serving.nodes),
    Stage("生成一年的支付", year.generate),
    Stage("节点启用目录", year.adoption),
    Stage("导入参照数据", year.reference),
    Stage("逐笔监控支付", year.payments),
    Stage("统计上报到省", year.statistics),
    Stage("核对行级安全", walls.walls),
    Stage("核对各节点与省级", year.tallies),
)


ACCOUNTS = (
    ("province-leader", "自治区 分管领导", "省级中心:总览、版本与推送"),
    ("province-rule-drafter", "自治区 规则起草岗", "省级中心:规则目录"),
    ("450100-monitor", "南宁市 监控岗", "南宁市节点:今日、支付、预警"),
    ("450100-reviewer", "南宁市 复核岗", "南宁市节点:暂缓支付的放行与退回"),
    ("450102-data-steward", "兴宁区 数据管理岗", "兴宁区节点:导入、参照数据"),
)


def welcome(stack: Stack) -> str:
    """Return the addresses and accounts a visitor needs."""
    rows = [("全省", "省级中心", f"http://127.0.0.1:{stack.ports.hub_web}/")]
    rows += [
        (place.code, place.name, f"http://127.0.0.1:{stack.ports.nodes[place.code]}/")
        for place in stack.places
    ]
    return "\n\n".join(
        (
            screen.table(("区划", "系统", "地址"), rows),
            screen.table(("账号", "岗位", "看什么"), ACCOUNTS),
            "  登录页上选择账号即可(仅演示);更多账号见 deploy/keycloak/demo.json。",
            f"  数据与日志:{stack.folder}    Ctrl-C 停止。",
        )
    )
