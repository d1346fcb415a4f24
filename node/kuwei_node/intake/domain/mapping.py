"""A file's rows become payments: columns, translations, checks, totals.

Everything works on whole columns of a batch. A row is accepted or refused as a
whole; its first fault, in the vocabulary's order of fields, is what is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kuwei_node.intake.domain import conversion, plausible
from kuwei_node.intake.domain.batch import Batch, matches, plain, readable
from kuwei_node.intake.domain.conversion import TYPES
from kuwei_node.intake.domain.declared import declared
from kuwei_node.intake.domain.profile import FieldRule, Profile
from kuwei_node.intake.domain.reasons import Reason
from kuwei_node.intake.domain.rows import NO_TOTALS, Broken, Chunk, Totals
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.rules.vocabulary import Field

DECEMBER = 12
YEAR_MIN, YEAR_MAX = 1990, 2099
NO_RULE = FieldRule()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """A batch after mapping.

    Attributes:
        table: accepted rows: ``line`` and every field, in vocabulary order.
        broken: refused rows.
        totals: of the accepted rows.
        declared: totals the file itself declared in this batch.
        chunk: the batch as the file had it, for the text of a row refused later.
        skipped: rows that are no payments by the profile (subtotals, notes).
    """

    table: pa.Table
    broken: tuple[Broken, ...]
    totals: Totals
    declared: Totals
    chunk: Chunk
    skipped: int


class Mapper:
    """Maps the batches of one file, in order: line numbers run through it."""

    def __init__(
        self,
        profile: Profile,
        fields: Mapping[str, Field],
        *,
        place: str,
        divisions: Sequence[str] | None,
    ) -> None:
        """Prepare for a file.

        Args:
            profile: how to read the columns.
            fields: vocabulary fields to produce, in order.
            place: the file's name without ending, for templates.
            divisions: nine-digit codes this node answers for, its own first,
                which is what a file without one means; ``None`` skips the check.
        """
        self._profile = profile
        self._fields = fields
        self._place = place
        self._divisions = divisions
        self._blanks = pa.array(["", *profile.blanks], pa.string())
        self._rules = _rules(profile, fields)
        if divisions and "mof_div_code" not in self._rules:
            self._rules["mof_div_code"] = FieldRule(constant=divisions[0])
        self._seen: dict[tuple[object, ...], int] = {}

    def map(self, chunk: Chunk) -> Mapped:
        """Map one batch.

        Raises:
            KuweiError: ``intake.columns`` when the file lacks needed columns,
                ``intake.unreadable`` when one is of a kind nothing can be read from.
        """
        with readable(self._place, "、".join(_telling_rows_apart(self._profile))):
            payments, said, odd, skipped = self._without_other_rows(chunk)
            batch = Batch(self._profile, payments, self._blanks, self._place)
            batch.number_lines(self._seen)
        values = {
            name: self._readable(batch, name, field)
            for name, field in self._fields.items()
        }
        self._complete(batch, values)
        good = batch.good()
        table = pa.table({"line": payments.lines, **values}).filter(pa.array(good))
        return Mapped(
            table=table,
            broken=chunk.broken + odd + batch.broken(),
            totals=_totals(table),
            declared=chunk.declared.plus(said),
            chunk=payments,
            skipped=skipped,
        )

    def _without_other_rows(
        self, chunk: Chunk
    ) -> tuple[Chunk, Totals, tuple[Broken, ...], int]:
        """Take out rows that are no payments; read the totals row if it is one."""
        names = {plain(name): column for name, column in chunk.columns.items()}
        other = np.zeros(len(chunk.lines), np.bool_)
        said, odd = NO_TOTALS, tuple[Broken, ...]()
        for kind in self._profile.row_kinds:
            if kind.skip:
                other |= matches(names.get(plain(kind.column)), kind.matches, other)
        rule = self._profile.totals_row
        if rule is not None:
            hit = matches(names.get(plain(rule.column)), rule.matches, other)
            said, odd = declared(rule, self._rules, chunk, hit=hit, blanks=self._blanks)
            other |= hit
        if not other.any():
            return chunk, said, odd, 0
        keep = pa.array(~other)
        columns = {name: col.filter(keep) for name, col in chunk.columns.items()}
        kept = Chunk(columns=columns, lines=chunk.lines.filter(keep))
        return kept, said, odd, int(other.sum()) - len(odd)

    def _readable(self, batch: Batch, name: str, field: Field) -> pa.Array:
        rule = self._rules.get(name, NO_RULE)
        with readable(self._place, "、".join(rule.sources) or rule.template or name):
            return self._value(batch, name, field)

    def _value(self, batch: Batch, name: str, field: Field) -> pa.Array:
        rule = self._rules.get(name)
        if rule is None:
            return pa.nulls(batch.rows, TYPES[field.type])
        column = batch.find(rule.sources) if rule.sources else None
        untouched = not (rule.codes or rule.pattern or rule.unit != 1)
        if column is not None and untouched and conversion.fits(column, field):
            value, faults = conversion.native(column, field)
            batch.add(name, faults)
            return batch.override(name, value)
        text = self._text(batch, name, rule, column)
        value, faults = conversion.read(text, field, rule)
        batch.add(name, faults)
        return value

    def _text(
        self, batch: Batch, name: str, rule: FieldRule, column: pa.Array | None
    ) -> pa.Array:
        """Return a field's text after constants, templates, patterns and codes."""
        if rule.constant is not None:
            text = pa.repeat(rule.constant, batch.rows)
        elif rule.template is not None:
            text = batch.fill(rule.template)
        elif column is not None:
            text = conversion.text_of(column, self._blanks)
        elif rule.optional or rule.default is not None or not batch.rows:
            text = pa.nulls(batch.rows, pa.string())
        else:
            raise batch.no_column(rule.sources)
        if rule.pattern is not None:
            text = batch.extract(name, text, rule.pattern)
        if rule.codes:
            text, faults = conversion.translate(text, rule.codes, rule.otherwise)
            batch.add(name, faults)
        if rule.default is not None:
            text = pc.fill_null(text, rule.default)
        return batch.override(name, text)

    def _complete(self, batch: Batch, values: dict[str, pa.Array]) -> None:
        """Derive what the profile leaves to Kuwei, then check the whole row."""
        self._derive_year(values)
        kind = self._profile.negative_is
        if kind is not None:
            negative = pc.fill_null(
                pc.less(values["pay_amt"], Decimal(0)), fill_value=False
            )
            values["entry_kind"] = pc.if_else(negative, kind, values["entry_kind"])
        if "line_no" in values and batch.line_numbers is not None:
            values["line_no"] = batch.line_numbers
        if "fiscal_year" in values:
            year = pc.fill_null(values["fiscal_year"], YEAR_MIN)
            odd = pc.or_(pc.less(year, YEAR_MIN), pc.greater(year, YEAR_MAX))
            batch.add("fiscal_year", [(Reason.NUMBER, odd)])
        for name, field in self._fields.items():
            if field.required and values[name].null_count:
                batch.add(name, [(Reason.MISSING, pc.is_null(values[name]))])
        for name, fault in plausible.faults(values, self._fields):
            batch.add(name, [fault])
        if self._divisions is not None:
            ours = pa.array(list(self._divisions), pa.string())
            foreign = pc.invert(pc.is_in(values["mof_div_code"], value_set=ours))
            batch.add("mof_div_code", [(Reason.ELSEWHERE, foreign)])

    def _derive_year(self, values: dict[str, pa.Array]) -> None:
        """Name a fiscal year by the calendar year in which it begins."""
        end = self._profile.fiscal_year_end
        if end is None or "fiscal_year" in self._profile.fields:
            return
        year = pc.year(values["vou_date"])
        if end != DECEMBER:
            early = pc.less_equal(pc.month(values["vou_date"]), end)
            year = pc.subtract(year, pc.cast(early, pa.int64()))
        values["fiscal_year"] = pc.cast(year, pa.int32())


def _rules(profile: Profile, fields: Mapping[str, Field]) -> dict[str, FieldRule]:
    """Return a profile's rules, with the identity rule for the rest."""
    unknown = set(profile.fields) - set(fields)
    if unknown:
        raise KuweiError(
            "profile.invalid",
            f"导入方案 {profile.id} 用了词汇表没有的字段 {sorted(unknown)}。",
        )
    rules = dict(profile.fields)
    if profile.identity:
        for name, field in fields.items():
            optional = not field.required or name == "fiscal_year"
            same = FieldRule(sources=(name, field.label), optional=optional)
            rules.setdefault(name, same)
    if profile.fiscal_year_end is not None and "fiscal_year" not in profile.fields:
        rules.pop("fiscal_year", None)
    return rules


def _telling_rows_apart(profile: Profile) -> list[str]:
    """Return the columns by which a profile knows payments from other rows."""
    names = [kind.column for kind in profile.row_kinds] + [*profile.line_no_per]
    total = profile.totals_row
    return names if total is None else [*names, total.column, *total.sums.values()]


def _totals(table: pa.Table) -> Totals:
    def total(name: str) -> Decimal:
        if name not in table.column_names:
            return Decimal(0)
        return pc.sum(table[name]).as_py() or Decimal(0)

    return Totals(
        rows=table.num_rows, pay_amt=total("pay_amt"), xpay_amt=total("xpay_amt")
    )
