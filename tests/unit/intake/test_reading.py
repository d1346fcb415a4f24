"""A file is read again when anything its rows' acceptance hangs on has changed."""

from __future__ import annotations

import dataclasses

import pytest

from kuwei_node.intake.adapters import profiles
from kuwei_node.intake.domain.profile import Profile, reading_digest
from kuwei_shared.rules.vocabulary import Field

Fields = dict[str, Field]
DIVISIONS = ("450102000", "450102101", "450102102")


@pytest.fixture
def standard() -> Profile:
    return profiles.load("standard")


def test_the_same_reading_has_the_same_digest(
    standard: Profile, payment_fields: Fields
) -> None:
    own, one, other = DIVISIONS

    first = reading_digest(standard, payment_fields, (own, one, other))

    assert first == reading_digest(standard, payment_fields, (own, other, one))


def test_another_profile_is_another_reading(
    standard: Profile, payment_fields: Fields
) -> None:
    cards = profiles.load("us_purchasing_cards")

    digests = {reading_digest(p, payment_fields, DIVISIONS) for p in (standard, cards)}

    assert len(digests) == 2


@pytest.mark.parametrize("divisions", [DIVISIONS[:1], DIVISIONS[:2], DIVISIONS[::-1]])
def test_other_divisions_are_another_reading(
    standard: Profile, payment_fields: Fields, divisions: tuple[str, ...]
) -> None:
    before = reading_digest(standard, payment_fields, DIVISIONS)

    assert reading_digest(standard, payment_fields, divisions) != before


def test_another_vocabulary_is_another_reading(
    standard: Profile, payment_fields: Fields
) -> None:
    mode = payment_fields["set_mode_code"]
    more = dataclasses.replace(mode, values={**mode.values, "8": "数字人民币"})
    before = reading_digest(standard, payment_fields, DIVISIONS)

    now = reading_digest(standard, payment_fields | {mode.name: more}, DIVISIONS)

    assert now != before
