"""What is wrong with a condition: where, in whose words, and how to put it right."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from kuwei_shared.kernel.errors import KuweiError

T = TypeVar("T")

TOO_BIG = "too_big"


class ExpressionError(KuweiError):
    """A condition that says something the language has no words for.

    Attributes:
        said: the fault in one Chinese sentence, naming the word.
        remedy: what to write instead; ``message`` holds both.
        rest: further faults of the same condition, found in the same reading.
    """

    def __init__(
        self, code: str, said: str, remedy: str, *, column: int | None = None
    ) -> None:
        details: dict[str, str | int] = {} if column is None else {"column": column}
        message = f"{said}改法:{remedy}"
        super().__init__(f"expression.{code}", message, details=details)
        self.said = said
        self.remedy = remedy
        self.rest: tuple[ExpressionError, ...] = ()

    def of(self, rule_id: str) -> ExpressionError:
        """Return this fault for whoever sees many rules and no file: with its rule."""
        code = self.code.removeprefix("expression.")
        named = ExpressionError(code, f"规则 {rule_id} 的条件:{self.said}", self.remedy)
        named.details = {**self.details, "rule": rule_id}
        return named

    @property
    def all(self) -> tuple[ExpressionError, ...]:
        """This fault and the rest, in the order they were met."""
        return (self, *self.rest)


def together(faults: Iterable[ExpressionError]) -> ExpressionError:
    """Return the first of some faults, carrying the others."""
    first, *others = faults
    first.rest = tuple(others)
    return first


def gathered(steps: Iterable[Callable[[], T]]) -> list[T]:
    """Return what every step yields; all are taken, though some fail.

    Raises:
        ExpressionError: the faults of every step that failed, as one.
    """
    done: list[T] = []
    faults: list[ExpressionError] = []
    for step in steps:
        try:
            done.append(step())
        except ExpressionError as error:
            if error.code == f"expression.{TOO_BIG}":
                raise  # reading on is what the bound forbids
            faults += error.all
    if faults:
        raise together(faults)
    return done
