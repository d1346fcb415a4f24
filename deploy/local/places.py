"""The jurisdictions of the demo: a slice of Guangxi with real GB/T 2260 codes.

One county is managed by the province, one hosts two townships; together they
show every shape of the tree in docs/glossary.md.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A jurisdiction with a node of its own.

    Attributes:
        code: nine digits, as the national data standard spells them.
        parent: the fiscal parent, to whom it answers for money.
        city: the administrative parent where that is another.
    """

    code: str
    name: str
    level: str
    parent: str | None
    port: int
    city: str | None = None

    @property
    def database(self) -> str:
        """Name of its database."""
        return f"node_{self.code}"

    @property
    def administrative_parent(self) -> str | None:
        """Whose city or county it is, whoever pays it."""
        return self.city or self.parent


PROVINCE = "450000000"

PLACES = (
    Place(
        code=PROVINCE,
        name="广西壮族自治区本级",
        level="province",
        parent=None,
        port=8110,
    ),
    Place(
        code="450100000",
        name="南宁市本级",
        level="city",
        parent=PROVINCE,
        port=8111,
    ),
    Place(
        code="450300000",
        name="桂林市本级",
        level="city",
        parent=PROVINCE,
        port=8112,
    ),
    Place(
        code="450102000",
        name="兴宁区",
        level="county",
        parent="450100000",
        port=8113,
    ),
    Place(
        code="450303000",
        name="叠彩区",
        level="county",
        parent="450300000",
        port=8114,
    ),
    Place(
        code="450181000",
        name="横州市",
        level="county",
        parent=PROVINCE,
        port=8115,
        city="450100000",
    ),
)

TOWNSHIPS = {
    "450102101": ("三塘镇", "450102000"),
    "450102102": ("五塘镇", "450102000"),
}
"""Township → its name, and the county whose node serves it."""
