# ruff: noqa: S608  # the windows are our own SQL
"""Labels against hits: per rule, what was found, missed and accused in vain."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kuwei_shared.evaluation.judge import PAYMENTS, Judge, refusals
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.rules.model import Catalogue, Rule
from kuwei_shared.rules.printer import quote
from kuwei_shared.rules.vocabulary import PAYMENT

MEMORY = "1GB"
SHOWN = 20
# How long one hit of a scheduled rule stands for: its alert is not told again.
_STANDS = {"month": "substr(moment, 1, 7)", "year": "''", "all": "''"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How a rule did.

    Attributes:
        labelled: hits the labels ask for.
        found: of those, the rule gave.
        disguised: of those it missed, were not broken plainly.
        undecided: of those it missed, it could not decide for want of an element.
        false: hits no label asks for.
    """

    rule_id: str
    labelled: int = 0
    found: int = 0
    disguised: int = 0
    undecided: int = 0
    false: int = 0

    @property
    def missed(self) -> int:
        """Labels without a hit."""
        return self.labelled - self.found

    @property
    def recall(self) -> float | None:
        """Share of the labels found; None without labels."""
        return self.found / self.labelled if self.labelled else None

    @property
    def precision(self) -> float | None:
        """Share of the hits that are labelled; None without hits."""
        hits = self.found + self.false
        return self.found / hits if hits else None

    def __add__(self, other: Score) -> Score:
        """Return the two together, under the first one's name."""
        return Score(
            rule_id=self.rule_id,
            labelled=self.labelled + other.labelled,
            found=self.found + other.found,
            disguised=self.disguised + other.disguised,
            undecided=self.undecided + other.undecided,
            false=self.false + other.false,
        )


@dataclass(frozen=True, slots=True)
class Case:
    """One disagreement: ``missed``, ``undecided`` or ``false``."""

    rule_id: str
    verdict: str
    node: str
    key: str
    moment: str


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Every rule's score, and the first disagreements of the rules asked about."""

    scores: tuple[Score, ...]
    cases: tuple[Case, ...]


def nodes(folder: Path) -> list[Path]:
    """Return the node folders of a generated province; KuweiError without any."""
    found = sorted(file.parent for file in folder.glob(f"*/{PAYMENTS}"))
    if not found:
        raise KuweiError(
            "evaluation.folder",
            f"{folder} 下没有节点目录;请指向 kuwei-node generate 写出的目录。",
        )
    return found


def evaluate(
    folder: Path,
    catalogue: Catalogue,
    *,
    memory: str = MEMORY,
    show: frozenset[str] = frozenset(),
) -> Evaluation:
    """Judge a labelled province node by node.

    Args:
        folder: what ``kuwei-node generate`` wrote.
        catalogue: the rules to try.
        memory: DuckDB's limit, e.g. ``1GB``; the rest goes to a scratch folder.
        show: rules whose disagreements are wanted, SHOWN of each kind and node.
    """
    unknown = show - set(catalogue.rules)
    if unknown:
        raise KuweiError(
            "evaluation.rule", f"目录里没有规则 {'、'.join(sorted(unknown))}。"
        )
    sums = {one: Score(rule_id=one) for one in sorted(catalogue.rules)}
    cases: list[Case] = []
    for node in nodes(folder):
        with (
            refusals(),
            tempfile.TemporaryDirectory(prefix="kuwei-evaluate-") as scratch,
            Judge(node, catalogue, Path(scratch), memory) as judge,
        ):
            judge.run()
            _compare(judge)
            for one in _scores(judge, sums):
                sums[one.rule_id] += one
            cases += _cases(judge, node.name, show)
    return Evaluation(tuple(sums.values()), tuple(cases))


def _stands(rule: Rule) -> str:
    """Return the SQL of what a hit's moment is compared by."""
    if rule.subject == PAYMENT or rule.dedupe is None:
        return "moment"
    return _STANDS.get(rule.dedupe.window, "moment")


def _compare(judge: Judge) -> None:
    """Make table ``verdict``: every label and every hit, and what came of it."""
    cases = " ".join(
        f"WHEN {quote(one.rule.id)} THEN {_stands(one.rule)}" for one in judge.rules
    )
    moment = f"CASE rule_id {cases} ELSE moment END AS moment"
    by = "rule_id, subject, key, moment"
    judge.db.execute(
        "CREATE TABLE verdict AS WITH"
        f" w AS (SELECT rule_id, subject, key, {moment}, min(origin) AS origin"
        " FROM label GROUP BY ALL),"
        f" g AS (SELECT rule_id, subject, key, {moment}, min(letter) AS letter"
        " FROM seen GROUP BY ALL)"
        f" SELECT {by}, CASE WHEN origin IS NULL THEN 'false'"
        " WHEN letter = '1' THEN 'found'"
        " WHEN letter = '?' THEN 'undecided' ELSE 'missed' END AS verdict,"
        f" origin FROM w FULL JOIN g USING ({by})"
        " WHERE origin IS NOT NULL OR letter = '1'"
    )


def _scores(judge: Judge, known: Mapping[str, Score]) -> list[Score]:
    rows = judge.db.execute(
        "SELECT rule_id, count(*) FILTER (verdict <> 'false'),"
        " count(*) FILTER (verdict = 'found'),"
        " count(*) FILTER (verdict <> 'found' AND origin = 'disguised'),"
        " count(*) FILTER (verdict = 'undecided'),"
        " count(*) FILTER (verdict = 'false') FROM verdict GROUP BY 1"
    ).fetchall()
    gone = sorted(rule_id for rule_id, *_ in rows if rule_id not in known)
    if gone:
        raise KuweiError(
            "evaluation.labels",
            f"标注提到的规则 {'、'.join(gone)} 不在目录里;请用生成样本时的目录。",
        )
    return [
        Score(
            rule_id=rule_id,
            labelled=want,
            found=found,
            disguised=veiled,
            undecided=unsure,
            false=vain,
        )
        for rule_id, want, found, veiled, unsure, vain in rows
    ]


def _cases(judge: Judge, node: str, show: frozenset[str]) -> list[Case]:
    rows = judge.db.execute(
        "SELECT rule_id, verdict, key, moment FROM verdict"
        " WHERE verdict <> 'found' AND list_contains($1, rule_id)"
        " QUALIFY row_number() OVER"
        " (PARTITION BY rule_id, verdict ORDER BY key, moment) <= $2 ORDER BY ALL",
        [sorted(show), SHOWN],
    ).fetchall()
    return [Case(rule_id, verdict, node, *rest) for rule_id, verdict, *rest in rows]
