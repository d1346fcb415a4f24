"""A mapping profile: how one kind of file says what Kuwei's vocabulary means.

Profiles are YAML files written by data stewards; this is their whole grammar.
How a file is read is part of the import ledger's key, so that a corrected profile,
another vocabulary or a township taken on may read it again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.rules.vocabulary import Field as VocabularyField

EDITION = 2
"""Raised when Kuwei itself comes to accept rows it refused before."""
FORMATS_MAX = 8
FIELDS_MAX = 80

Name = Annotated[str, Field(min_length=1, max_length=120)]


class Layout(StrEnum):
    """Kinds of file a reader exists for."""

    AUTO = "auto"
    CSV = "csv"
    XLSX = "xlsx"
    JSON_LINES = "jsonl"
    PARQUET = "parquet"
    HIMACHAL = "himachal"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Reading(_Part):
    """How to open the file; ``auto`` goes by its name and first bytes."""

    layout: Layout = Layout.AUTO
    encoding: str = "auto"
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    skip_lines: Annotated[int, Field(ge=0, le=100)] = 0
    sheet: Name | None = None


class FieldRule(_Part):
    """Where one field's value comes from.

    Attributes:
        sources: column names to look for, the first present one is taken.
        template: text with ``{column}``, ``{file}``, ``{line}``, ``{line_no}``;
            blank when any named column is blank.
        constant: the same value for every row.
        pattern: a regular expression with one group named ``value``.
        codes: translation of source codes; ``otherwise`` says what becomes of
            codes not listed: ``reject``, ``keep``, ``blank``, or a value.
        default: used where the source is blank.
        dates: ``strptime`` forms; none means year first.
        decimal: the decimal mark; ``unit``: what one stands for (10000 for 万元).
        optional: no error when the column is missing altogether.
    """

    sources: tuple[Name, ...] = Field(default=(), alias="from")
    template: Name | None = None
    constant: str | None = None
    pattern: Name | None = None
    codes: dict[str, str] = Field(default_factory=dict)
    otherwise: str = "reject"
    default: str | None = None
    dates: Annotated[tuple[str, ...], Field(max_length=FORMATS_MAX)] = ()
    decimal: Literal[".", ","] = "."
    unit: Annotated[int, Field(ge=1, le=100_000_000)] = 1
    optional: bool = False


class RowKind(_Part):
    """Rows whose column matches are skipped, or get other constants."""

    column: Name
    matches: Name
    skip: bool = False
    values: dict[str, str] = Field(default_factory=dict, alias="set")


class TotalsRow(_Part):
    """The row in which a file declares its own totals."""

    column: Name
    matches: Name
    count: Name | None = None
    sums: dict[Literal["pay_amt", "xpay_amt"], Name] = Field(default_factory=dict)


class Profile(_Part):
    """A whole profile.

    Attributes:
        identity: every vocabulary field not mentioned is looked for under its
            own name or its Chinese label.
        blanks: cell texts that mean nothing is there.
        fiscal_year_end: last month of the fiscal year; fills ``fiscal_year``
            from ``vou_date`` unless the profile maps it.
        line_no_per: columns whose equal rows in a file are lines of one voucher
            and are numbered 1, 2, … into ``line_no``.
        negative_is: ``entry_kind`` of rows with a negative amount.
    """

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,60}$")]
    title: Name
    reader: Reading = Reading()
    identity: bool = False
    fields: Annotated[dict[Name, FieldRule], Field(max_length=FIELDS_MAX)] = Field(
        default_factory=dict
    )
    blanks: tuple[str, ...] = ()
    fiscal_year_end: Annotated[int, Field(ge=1, le=12)] | None = None
    line_no_per: tuple[Name, ...] = ()
    negative_is: Literal["refund", "correction", "reversal"] | None = None
    row_kinds: tuple[RowKind, ...] = ()
    totals_row: TotalsRow | None = None
    digest: str = ""


def parse(text: str, *, name: str) -> Profile:
    """Read a profile.

    Raises:
        KuweiError: ``profile.invalid``, naming the place and the complaint.
    """
    try:
        document = yaml.safe_load(text)
        digest = hashlib.sha256(text.encode()).hexdigest()
        return Profile.model_validate({**document, "digest": digest})
    except (yaml.YAMLError, TypeError) as error:
        raise _invalid(name, str(error)) from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise _invalid(name, f"{place}: {first['msg']}") from error


def reading_digest(
    profile: Profile, fields: Mapping[str, VocabularyField], divisions: Sequence[str]
) -> str:
    """Return what stands for everything a row's acceptance hangs on, but the row.

    Args:
        profile: how columns are read.
        fields: what they become.
        divisions: codes the node answers for; the first is its own.
    """
    known = [
        [one.name, one.type, one.required, list(one.values)] for one in fields.values()
    ]
    own, *others = divisions
    whole = [EDITION, profile.digest, own, sorted(others), known]
    return hashlib.sha256(json.dumps(whole).encode()).hexdigest()


def _invalid(name: str, complaint: str) -> KuweiError:
    return KuweiError(
        "profile.invalid",
        f"导入方案 {name} 有误({complaint}),请按 docs/import.md 修改后重试。",
        details={"profile": name},
    )
