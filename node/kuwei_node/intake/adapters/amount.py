"""An amount of money as it is typed at a command line."""

from __future__ import annotations

import re
from decimal import Decimal

import click

_YUAN = re.compile(r"-?\d{1,16}(\.\d{1,2})?", re.ASCII)


class Yuan(click.ParamType[Decimal]):
    """An amount in yuan, to the fen."""

    name = "yuan"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Decimal:
        """Return the amount; separators are allowed."""
        plain = str(value).replace(",", "")
        if not _YUAN.fullmatch(plain):
            self.fail(f"“{value}”不是金额:须为数字(元,精确到分)。", param, ctx)
        return Decimal(plain)
