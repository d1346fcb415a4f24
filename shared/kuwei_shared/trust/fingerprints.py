"""Keys as words two people can compare by telephone.

A word is one of 32 qualifiers and one of 128 things, so twelve bits; six words
carry 72 bits, which nobody finds a second key for within a token's life.
"""

from __future__ import annotations

import hashlib

QUALIFIERS = "红橙黄绿青蓝紫白黑灰金银铜铁石木竹冰雪风雨云雷月星山海河春夏秋冬"
THINGS = (
    "马牛羊狗猫鸡鸭鹅虎狼熊鹿猴兔鼠蛇龟鱼虾蟹蚕蜂蝶鹰燕雀鹤鸽鸦象狮豹"
    "松柏柳杨桃李杏梨枣梅兰荷菊葵麦稻豆瓜茶姜葱蒜椒笋菇藕莲桂枫藤苔草棉麻"
    "门窗桌椅床灯钟镜伞帽鞋衣裤碗盘杯壶锅刀剪针线绳篮箱桶船车轮桥塔亭楼井墙"
    "笔墨纸砚书画琴鼓笛棋球旗印锁钥尺秤铃犁锄网帆炉砖瓦珠镯"
)
WORDS = 6
WORD_BITS = 12


def words(*parts: bytes) -> str:
    """Return six words over byte strings, separated by spaces."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    number = int.from_bytes(digest.digest()[: WORDS * WORD_BITS // 8], "big")
    return " ".join(
        _word(number >> (WORD_BITS * place) & (1 << WORD_BITS) - 1)
        for place in reversed(range(WORDS))
    )


def _word(number: int) -> str:
    return QUALIFIERS[number >> 7] + THINGS[number & 127]
