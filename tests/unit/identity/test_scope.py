from collections.abc import Collection

import pytest

from kuwei_shared.identity import scope
from kuwei_shared.identity.principal import Principal, Subject
from kuwei_shared.identity.roles import Role
from kuwei_shared.identity.scope import VisibleJurisdictions
from kuwei_shared.kernel.errors import KuweiError

TREE = {"450100000": ["450100000", "450102000"], "450102000": ["450102000"]}


def below(codes: Collection[str]) -> list[str]:
    return [under for code in codes for under in TREE.get(code, [])]


def of(*claims: str) -> VisibleJurisdictions:
    person = Principal(
        subject=Subject("p"),
        name="监控岗",
        roles=frozenset({Role.MONITOR}),
        jurisdictions=claims,
    )
    return scope.of_principal(person, below)


def test_a_plain_code_is_that_jurisdiction_alone() -> None:
    assert of("450100000").codes == {"450100000"}


def test_a_subtree_is_the_jurisdiction_and_all_below_it() -> None:
    assert of("450100000/*").codes == {"450100000", "450102000"}


def test_a_subtree_this_service_does_not_know_gives_nothing() -> None:
    assert of("460000000/*").codes == frozenset()


def test_no_claim_is_no_sight() -> None:
    assert not of().allows("450100000")


@pytest.mark.parametrize("claim", ["*", "4501", "450100000'", "/*", "45010000a/*"])
def test_a_claim_that_is_no_code_is_refused(claim: str) -> None:
    with pytest.raises(KuweiError) as refusal:
        of(claim)

    assert refusal.value.code == "scope.bad_code"


def test_a_jurisdiction_outside_the_scope_is_refused() -> None:
    with pytest.raises(KuweiError) as refusal:
        of("450102000").require("450100000")

    assert refusal.value.code == "scope.outside"


def test_a_jurisdiction_inside_the_scope_passes() -> None:
    of("450102000").require("450102000")


def test_nobody_else_can_make_a_scope() -> None:
    with pytest.raises(TypeError):
        VisibleJurisdictions(codes=frozenset(), is_everything=True, _seal=object())


def test_the_setting_is_an_array_or_a_star() -> None:
    assert of("450102000", "450100000").setting == "{450100000,450102000}"
    assert scope.of_service().setting == "*"
    assert scope.of_jurisdictions([]).setting == "{}"


def test_the_service_itself_sees_everything() -> None:
    assert scope.of_service().allows("999999999")
