"""Real divisions of Guangxi by GB/T 2260 code, and which of them make the demo.

Current codes only; nine digits as treasuries write them (six of GB/T 2260 and
000 for the bureau itself, or the serial of a township hosted by its county).
"""

from __future__ import annotations

from dataclasses import dataclass

from kuwei_shared.kernel.errors import KuweiError

PROVINCE_CODE = "450000000"
PROVINCE_NAME = "广西壮族自治区"

# City, then its counties; source: GB/T 2260 as kept in the CC0 table areacodes.
_CITIES: dict[str, str] = {
    "450100 南宁市": (
        "450102 兴宁区;450103 青秀区;450105 江南区;450107 西乡塘区;450108 良庆区;"
        "450109 邕宁区;450110 武鸣区;450123 隆安县;450124 马山县;450125 上林县;"
        "450126 宾阳县;450181 横州市;"
    ),
    "450200 柳州市": (
        "450202 城中区;450203 鱼峰区;450204 柳南区;450205 柳北区;450206 柳江区;"
        "450222 柳城县;450223 鹿寨县;450224 融安县;450225 融水苗族自治县;"
        "450226 三江侗族自治县;"
    ),
    "450300 桂林市": (
        "450302 秀峰区;450303 叠彩区;450304 象山区;450305 七星区;450311 雁山区;"
        "450312 临桂区;450321 阳朔县;450323 灵川县;450324 全州县;450325 兴安县;"
        "450326 永福县;450327 灌阳县;450328 龙胜各族自治县;450329 资源县;450330 平乐县;"
        "450332 恭城瑶族自治县;450381 荔浦市;"
    ),
    "450400 梧州市": (
        "450403 万秀区;450405 长洲区;450406 龙圩区;450421 苍梧县;450422 藤县;"
        "450423 蒙山县;450481 岑溪市;"
    ),
    "450500 北海市": ("450502 海城区;450503 银海区;450512 铁山港区;450521 合浦县;"),
    "450600 防城港市": ("450602 港口区;450603 防城区;450621 上思县;450681 东兴市;"),
    "450700 钦州市": ("450702 钦南区;450703 钦北区;450721 灵山县;450722 浦北县;"),
    "450800 贵港市": (
        "450802 港北区;450803 港南区;450804 覃塘区;450821 平南县;450881 桂平市;"
    ),
    "450900 玉林市": (
        "450902 玉州区;450903 福绵区;450921 容县;450922 陆川县;450923 博白县;"
        "450924 兴业县;450981 北流市;"
    ),
    "451000 百色市": (
        "451002 右江区;451003 田阳区;451022 田东县;451024 德保县;451026 那坡县;"
        "451027 凌云县;451028 乐业县;451029 田林县;451030 西林县;"
        "451031 隆林各族自治县;451081 靖西市;451082 平果市;"
    ),
    "451100 贺州市": (
        "451102 八步区;451103 平桂区;451121 昭平县;451122 钟山县;451123 富川瑶族自治县;"
    ),
    "451200 河池市": (
        "451202 金城江区;451203 宜州区;451221 南丹县;451222 天峨县;451223 凤山县;"
        "451224 东兰县;451225 罗城仫佬族自治县;451226 环江毛南族自治县;"
        "451227 巴马瑶族自治县;451228 都安瑶族自治县;451229 大化瑶族自治县;"
    ),
    "451300 来宾市": (
        "451302 兴宾区;451321 忻城县;451322 象州县;451323 武宣县;"
        "451324 金秀瑶族自治县;451381 合山市;"
    ),
    "451400 崇左市": (
        "451402 江州区;451421 扶绥县;451422 宁明县;451423 龙州县;451424 大新县;"
        "451425 天等县;451481 凭祥市;"
    ),
}

# Counties whose finances the province manages directly.
_PROVINCE_MANAGED = frozenset({"450181"})

# Townships kept in their county's node.
_TOWNSHIPS: dict[str, tuple[tuple[str, str], ...]] = {
    "450102000": (("450102101", "三塘镇"), ("450102102", "五塘镇")),
}

DEMO_CODES = (
    "450000000",
    "450100000",
    "450300000",
    "450102000",
    "450303000",
    "450181000",
)


@dataclass(frozen=True, slots=True)
class Place:
    """One jurisdiction.

    Attributes:
        code: nine digits.
        name: as in GB/T 2260, e.g. ``兴宁区``.
        level: province, city, county or township.
        fiscal_parent: code it receives money from; None for the province.
        prefix: what its units' names begin with, e.g. ``南宁市兴宁区``.
    """

    code: str
    name: str
    level: str
    fiscal_parent: str | None
    prefix: str


def _split(entry: str) -> tuple[str, str]:
    code, name = entry.split(" ")
    return code, name


def _county(code: str, name: str, city_code: str, city_name: str) -> Place:
    parent = PROVINCE_CODE if code in _PROVINCE_MANAGED else f"{city_code}000"
    prefix = name if code[4] == "8" else f"{city_name}{name}"
    return Place(f"{code}000", name, "county", parent, prefix)


def all_places() -> dict[str, Place]:
    """Return every bureau of the province by code: 1 + 14 + 111."""
    places = [Place(PROVINCE_CODE, PROVINCE_NAME, "province", None, PROVINCE_NAME)]
    for head, counties in _CITIES.items():
        code, name = _split(head)
        places.append(Place(f"{code}000", name, "city", PROVINCE_CODE, name))
        places.extend(
            _county(*_split(entry), code, name)
            for entry in counties.split(";")
            if entry
        )
    return {place.code: place for place in places}


def hosted(code: str) -> tuple[Place, ...]:
    """Return the townships whose payments live in this county's node."""
    return tuple(
        Place(town, name, "township", code, name)
        for town, name in _TOWNSHIPS.get(code, ())
    )


def choose(count: int) -> tuple[Place, ...]:
    """Return the first ``count`` nodes: the demo's six, then the rest by code.

    Raises:
        KuweiError: ``sample.nodes`` when the province has no so many bureaus.
    """
    places = all_places()
    order = [*DEMO_CODES, *(code for code in places if code not in DEMO_CODES)]
    if not 1 <= count <= len(order):
        raise KuweiError("sample.nodes", f"节点数须在 1 至 {len(order)} 之间。")
    return tuple(places[code] for code in order[:count])
