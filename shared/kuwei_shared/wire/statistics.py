"""Daily figures: the only thing about payments that ever leaves a node.

Guards one rule: every text in a figure comes from a closed vocabulary (measure,
stage, rule id, release id) and is checked on both sides, so no figure can smuggle
a payee, an account, a purpose or a voucher number.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from enum import StrEnum

from google.protobuf.message import DecodeError

from kuwei.v1 import statistics_pb2 as pb
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.wire.envelope import EPOCH_DAY, day

DAILY_TYPE = "kuwei.v1.DailyStatistics"
DAILY_SCHEMA_REV = 1
FIGURES_MAX = 5_000
VALUE_MAX = 2**62
RULE_VERSION_MAX = 2**31 - 1
"""What a column holds; the wire carries twice that, and must not stop a stream."""
DIVISION_CODE = re.compile(r"[0-9]{9}")
RULE_ID = re.compile(r"[A-Z0-9][A-Z0-9_-]{1,39}")
RELEASE_ID = re.compile(r"[0-9a-z][0-9a-z._:-]{0,79}")


class Measure(StrEnum):
    """What is counted; amounts are in fen. No measure occurs in two families.

    ``screened`` ÷ ``payments`` of the same stages is the coverage: both count entries
    that were reported to the node, not those it wrote itself to take back what was
    refused. Amounts are what remains after everything taken back.
    """

    PAYMENTS = "payments"
    AMOUNT_FEN = "amount_fen"
    PAID_FEN = "paid_fen"
    SCREENED = "screened"
    SCREENED_BY_RELEASE = "screened_by_release"
    HELD = "held"
    REJECTED = "rejected"
    HITS = "hits"
    UNDETERMINED = "undetermined"
    ERRORS = "errors"
    ALERTS = "alerts"


class Family(StrEnum):
    """Figures replaced together."""

    SCREENING = "screening"
    RULES = "rules"
    ADOPTION = "adoption"


class Stage(StrEnum):
    """Where in its life a payment was screened."""

    REQUEST = "request"
    VOUCHER = "voucher"
    RECEIPT = "receipt"


class Reason(StrEnum):
    """Why a revision was made."""

    FIRST = "first"
    LATE = "late"
    RESTORED = "restored"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Figure:
    """One absolute value and what it is about."""

    measure: Measure
    value: int
    stage: Stage | None = None
    rule_id: str | None = None
    rule_version: int | None = None
    release_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Daily:
    """All figures of one family for one jurisdiction and day."""

    mof_div_code: str
    business_day: dt.date
    family: Family
    revision: int
    reason: Reason
    figures: tuple[Figure, ...]


def encode(daily: Daily) -> bytes:
    """Serialise daily figures after checking every text in them.

    Raises:
        KuweiError: ``statistics.outside_vocabulary`` or ``statistics.too_many``.
    """
    _check(daily)
    message = pb.DailyStatistics(
        mof_div_code=daily.mof_div_code,
        business_day=(daily.business_day - EPOCH_DAY).days,
        family=daily.family,
        revision=daily.revision,
        reason=daily.reason,
        figures=[
            pb.Figure(
                measure=one.measure,
                stage=one.stage,
                rule_id=one.rule_id,
                rule_version=one.rule_version,
                release_id=one.release_id,
                value=one.value,
            )
            for one in daily.figures
        ],
    )
    return message.SerializeToString()


def decode(body: bytes) -> Daily:
    """Read daily figures, refusing anything outside the vocabulary.

    Raises:
        KuweiError: ``statistics.malformed``, ``statistics.outside_vocabulary`` or
            ``statistics.too_many``.
    """
    try:
        message = pb.DailyStatistics.FromString(body)
        daily = Daily(
            mof_div_code=message.mof_div_code,
            business_day=day(message.business_day),
            family=Family(message.family),
            revision=message.revision,
            reason=Reason(message.reason),
            figures=tuple(_figure(one) for one in message.figures),
        )
    except (DecodeError, ValueError) as error:
        raise KuweiError("statistics.malformed", "统计内容无法读取,已拒收。") from error
    _check(daily)
    return daily


def _figure(message: pb.Figure) -> Figure:
    return Figure(
        measure=Measure(message.measure),
        value=message.value,
        stage=Stage(message.stage) if message.HasField("stage") else None,
        rule_id=message.rule_id if message.HasField("rule_id") else None,
        rule_version=message.rule_version if message.HasField("rule_version") else None,
        release_id=message.release_id if message.HasField("release_id") else None,
    )


def _check(daily: Daily) -> None:
    if len(daily.figures) > FIGURES_MAX:
        raise KuweiError(
            "statistics.too_many", f"一日统计不得超过 {FIGURES_MAX} 项,请联系省级。"
        )
    sound = DIVISION_CODE.fullmatch(daily.mof_div_code) and daily.revision > 0
    if not sound or not all(_is_in_vocabulary(one) for one in daily.figures):
        raise KuweiError(
            "statistics.outside_vocabulary", "统计含有词汇表以外的内容,已拒绝。"
        )


def _is_in_vocabulary(figure: Figure) -> bool:
    return (
        (figure.rule_id is None or RULE_ID.fullmatch(figure.rule_id) is not None)
        and (
            figure.release_id is None
            or RELEASE_ID.fullmatch(figure.release_id) is not None
        )
        and (figure.rule_version or 0) <= RULE_VERSION_MAX
        and abs(figure.value) < VALUE_MAX
    )
