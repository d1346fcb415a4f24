from itertools import combinations

import pytest

from kuwei_shared.identity import permissions
from kuwei_shared.identity.permissions import GRANTS, Permission
from kuwei_shared.identity.principal import Principal, Subject, from_claims
from kuwei_shared.identity.roles import TITLES, Role, incompatible, require_compatible
from kuwei_shared.kernel.errors import Kind, KuweiError


def person(*roles: Role) -> Principal:
    return Principal(
        subject=Subject("p"), name="监控岗", roles=frozenset(roles), jurisdictions=()
    )


@pytest.mark.parametrize(
    "pair",
    [
        (Role.MONITOR, Role.REVIEWER),
        (Role.RULE_DRAFTER, Role.RULE_APPROVER),
        (Role.AUDITOR, Role.LEADER),
        (Role.ADMINISTRATOR, Role.MONITOR),
        (Role.BANK_USER, Role.MONITOR),
        (Role.PAYMENT_SYSTEM, Role.MONITOR),
    ],
)
def test_incompatible_duties_are_refused(pair: tuple[Role, Role]) -> None:
    with pytest.raises(KuweiError) as refusal:
        require_compatible(pair)

    assert refusal.value.code == "identity.incompatible_roles"
    assert refusal.value.kind is Kind.DENIED
    assert any(TITLES[role] in refusal.value.message for role in pair)


def test_compatible_duties_may_be_combined() -> None:
    require_compatible([Role.MONITOR, Role.ASSESSOR])

    assert incompatible([Role.MONITOR, Role.ASSESSOR]) == []


def test_who_may_release_a_hold_cannot_also_screen_alerts() -> None:
    deciders = GRANTS[Permission.DECIDE_HELD]

    assert all(incompatible([Role.MONITOR, one]) for one in deciders)


def test_drafting_and_approving_rules_never_meet_in_one_person() -> None:
    both = GRANTS[Permission.DRAFT_RULES] | GRANTS[Permission.APPROVE_RULES]

    assert all(incompatible(pair) for pair in combinations(both, 2))


def test_every_role_has_a_chinese_title() -> None:
    assert set(TITLES) == set(Role)


def test_a_permission_names_the_posts_that_have_it() -> None:
    with pytest.raises(KuweiError, match="内控审计岗") as refusal:
        permissions.require(person(Role.LEADER), Permission.SEE_AUDIT)

    assert refusal.value.code == "identity.not_permitted"


def test_a_permission_held_passes() -> None:
    permissions.require(person(Role.AUDITOR), Permission.SEE_AUDIT)

    assert permissions.permits(person(Role.AUDITOR), Permission.SEE_AUDIT)


def test_a_principal_is_what_its_claims_say() -> None:
    found = from_claims(
        {
            "sub": "u1",
            "name": "南宁市 监控岗",
            "roles": ["monitor", "offline_access"],
            "jurisdictions": ["450100000/*"],
        }
    )

    assert found.roles == {Role.MONITOR}
    assert found.titles == "监控岗"
    assert not found.is_machine


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"sub": "u", "roles": []}, "identity.no_role"),
        ({"sub": "u", "roles": ["auditor", "leader"]}, "identity.incompatible_roles"),
        ({"roles": ["monitor"]}, "identity.bad_claims"),
        ({"sub": "u", "roles": "monitor"}, "identity.bad_claims"),
        ({"sub": "u", "roles": [1]}, "identity.bad_claims"),
        ({"sub": "u", "roles": ["monitor"] * 21}, "identity.bad_claims"),
        (
            {"sub": "u", "roles": ["monitor"], "jurisdictions": "450000000"},
            "identity.bad_claims",
        ),
    ],
)
def test_claims_that_do_not_hold_are_refused(
    claims: dict[str, object], code: str
) -> None:
    with pytest.raises(KuweiError) as refusal:
        from_claims(claims)

    assert refusal.value.code == code
