"""Files have the published shape, one id each, named after it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

import jsonschema

from kuwei_shared.catalogue import files as layout
from kuwei_shared.catalogue.checks.deviation import concerns, worded
from kuwei_shared.catalogue.checks.study import Case, RuleCheck, Study
from kuwei_shared.catalogue.document import find, plain
from kuwei_shared.catalogue.issues import Issue, Place
from kuwei_shared.catalogue.loading import repeated
from kuwei_shared.catalogue.scaffold import UNWRITTEN
from kuwei_shared.rules.vocabulary import Type

_FIXED = {
    layout.CATALOGUE: "catalogue",
    layout.VOCABULARY: "vocabulary",
    layout.PATTERNS: "patterns",
    layout.BASE: "base",
}


class FollowsSchema:
    """Every file follows its published JSON Schema."""

    id = "schema"
    says = "每个文件合它的 JSON Schema。"

    def issues(self, study: Study) -> Iterator[Issue]:
        """Yield every deviation from the schema, at its key."""
        for path, node in study.reading.nodes.items():
            schema = study.schemas.get(_schema_of(path))
            if isinstance(schema, dict):
                validator = jsonschema.Draft202012Validator(schema)
                for error in validator.iter_errors(_jsonable(plain(node))):
                    message, remedy = worded(error, _schema_of(path))
                    place = find(node, concerns(error))
                    yield Issue(
                        place=place, code=self.id, message=message, remedy=remedy
                    )


class HasUniqueId:
    """No two rules, and no two lists, share an id."""

    id = "id.unique"
    says = "规则之间、名单之间编号不重复。"

    def issues(self, study: Study) -> Iterator[Issue]:
        """Yield the second and later uses of an id."""
        yield from repeated(study.reading)


class IsNamedAfterId:
    """A file is named after the id it holds."""

    id = "id.filename"
    says = "文件以其中的编号为名。"

    def issues(self, study: Study) -> Iterator[Issue]:
        """Yield files whose name is not their id."""
        for path, one_id in _ids(study):
            if PurePosixPath(path).stem != one_id:
                yield Issue(
                    place=find(study.reading.nodes[path], ("id",)),
                    code=self.id,
                    message=f"文件名与编号 {one_id} 不一致。",
                    remedy=f"把文件改名为 {one_id}.yaml。",
                )


def _ids(study: Study) -> Iterator[tuple[str, str]]:
    """Yield (path, id) of every rule and list file."""
    yield from ((path, rule.id) for path, rule in study.reading.rules)
    yield from ((path, listed.id) for path, listed in study.reading.lists)


class HasUniqueTitle(RuleCheck):
    """No two rules share a title: people know a rule by it."""

    id = "title.unique"
    says = "题名不重复。"

    def issues(self, study: Study) -> Iterator[Issue]:
        """Yield the second and later uses of a title."""
        seen: dict[str, str] = {}
        for case in study.cases:
            title = case.rule.title
            if UNWRITTEN in title:
                continue  # two drafts just begun
            if title in seen:
                message = f"题名“{title}”已用于 {seen[title]}。"
                yield case.issue(self.id, ("title",), message, "题名写出区别。")
            seen.setdefault(title, case.rule.id)


class HasShortTitle(RuleCheck):
    """A title fits one line of a table: at most 24 characters, no full stop."""

    id = "title.short"
    says = "题名至多 24 字,不是整句。"
    longest = 24

    def on(self, case: Case) -> Iterator[Issue]:
        """Yield a title that is a sentence."""
        title = case.rule.title
        if len(title) > self.longest or title.endswith("。"):
            message = f"题名 {len(title)} 字,过长或是整句。"
            yield case.issue(
                self.id, ("title",), message, f"缩到 {self.longest} 字以内,不加句号。"
            )


class BaseIsComplete:
    """The base example gives every vocabulary name a value or null."""

    id = "base.complete"
    says = "示例底本给出词汇表的每个名称,没有的写 null。"

    def issues(self, study: Study) -> Iterator[Issue]:
        """Yield the names the base example leaves out."""
        given = study.reading.catalogue.base_example
        for name in all_names(study):
            if name not in given:
                yield Issue(
                    place=Place(path=layout.BASE),
                    code=self.id,
                    message=f"示例底本没有 {name}。",
                    remedy="补上它平常的值,没有就写 null。",
                )


def all_names(study: Study) -> Iterator[str]:
    """Yield every name an example can give: fields, references, facts."""
    vocabulary = study.vocabulary
    yield from vocabulary.payment
    for entity in vocabulary.entities.values():
        yield from (f"{entity.name}.{column}" for column in entity.fields)
    yield from (f"fact.{name}" for name in vocabulary.facts)


class VocabularyHolds:
    """Keys, derivations and facts of the vocabulary name fields that exist."""

    id = "vocabulary"
    says = "词汇表的连接键、推算和事实只用已有的字段。"

    def issues(self, study: Study) -> Iterator[Issue]:
        """Yield every dangling name in the vocabulary."""
        node = study.reading.nodes.get(layout.VOCABULARY)
        for keys, message in self._faults(study) if node else ():
            yield Issue(
                place=find(node, keys) if node else Place(path=layout.VOCABULARY),
                code=self.id,
                message=message,
                remedy="写词汇表中已有的字段。",
            )

    def _faults(self, study: Study) -> Iterator[tuple[tuple[str, ...], str]]:
        vocabulary = study.vocabulary
        for derived in vocabulary.derived.values():
            if derived.source not in vocabulary.payment:
                keys = ("payment", "derived", derived.name, "from")
                yield keys, f"没有字段 {derived.source}。"
        for entity in vocabulary.entities.values():
            for column, source in entity.keys.items():
                if column not in entity.fields or vocabulary.type_of(source) is None:
                    keys = ("entities", entity.name, "keys", column)
                    yield keys, f"连接键 {column} ← {source} 不存在。"
        for subject in vocabulary.subjects:
            if subject != "payment" and subject not in vocabulary.entities:
                yield ("subjects",), f"没有实体 {subject}。"
        yield from self._fact_faults(study)

    def _fact_faults(self, study: Study) -> Iterator[tuple[tuple[str, ...], str]]:
        fields = study.vocabulary.payment
        for fact in study.vocabulary.facts.values():
            used = [*fact.over, *fact.where, *([fact.of] if fact.of else [])]
            for name in used:
                if name not in fields:
                    yield ("facts", fact.name), f"没有字段 {name}。"
            if fact.of_original and fact.over != ("orig_payment_id",):
                yield ("facts", fact.name, "over"), "原支付只由 orig_payment_id 找到。"
            measured = fields.get(fact.of) if fact.of else None
            if measured and measured.type is not Type.MONEY:
                yield ("facts", fact.name, "of"), f"{fact.of} 不是金额。"


def _schema_of(path: str) -> str:
    if layout.is_rule(path):
        return "rule"
    return "list" if layout.is_list(path) else _FIXED[path]


def _jsonable(value: object) -> object:
    """Return dates as the ISO texts a JSON Schema knows."""
    if isinstance(value, dict):
        return {key: _jsonable(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_jsonable(one) for one in value]
    isoformat = getattr(value, "isoformat", None)
    return isoformat() if callable(isoformat) else value
