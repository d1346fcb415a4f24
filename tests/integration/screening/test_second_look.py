"""A second look at a payment comes out the same whoever asks for it."""

from __future__ import annotations

import pytest
from screening_lab import ScreeningLab, effective, payment, rule
from sqlalchemy import Engine, text

from kuwei_node.catalogue.service.catalogues import Catalogues
from kuwei_node.catalogue.service.rulebook import Rulebook
from kuwei_node.search.service import Search
from kuwei_shared.db import row_security
from kuwei_shared.db.base import NodeTable
from kuwei_shared.db.unit_of_work import UnitOfWork
from kuwei_shared.identity import scope
from kuwei_shared.kernel.errors import KuweiError

pytestmark = pytest.mark.integration
ROLE, TOWN = "kuwei_second_look_test", "450102101"
SHARED = rule("SHARED", "fact.bgt_paid > 150")


@pytest.fixture
def lab(engine: Engine) -> ScreeningLab:
    """A county and its township that pay from one appropriation, behind walls."""
    walls = row_security.wall_ddl(NodeTable.metadata, {"payment", "screening", "hit"})
    lab = ScreeningLab(engine, effective(SHARED))
    lab.unit_of_work = UnitOfWork(engine, ROLE)
    lab.screen(payment("P-county"))
    lab.screen(payment("P-town", mof_div_code=TOWN))
    with lab.begin() as session:
        for statement in [*walls, *row_security.role_ddl(ROLE)]:
            session.execute(text(statement))
    return lab


def desk(lab: ScreeningLab) -> Search:
    rulebook = Rulebook(catalogues=Catalogues(lab.clock))
    return Search(
        rulebook=rulebook,
        screening=lab.screening,
        holds=lab.holds,
        names=lambda _, __: {},
    )


def seqs(lab: ScreeningLab) -> list[int]:
    with lab.begin() as session:
        return list(session.scalars(text("SELECT seq FROM payment ORDER BY seq")))


def test_what_the_viewer_may_not_see_counts_in_a_second_look(
    lab: ScreeningLab,
) -> None:
    _, town = seqs(lab)
    viewer = scope.of_jurisdictions([TOWN])

    with lab.unit_of_work.begin(viewer) as session:
        again = desk(lab).again(session, viewer, town)
        seen = list(session.scalars(text("SELECT seq FROM payment")))

    assert again.is_equal
    assert seen == [town]


def test_nobody_looks_again_at_what_he_may_not_see(lab: ScreeningLab) -> None:
    county, _ = seqs(lab)
    viewer = scope.of_jurisdictions([TOWN])

    with (
        lab.unit_of_work.begin(viewer) as session,
        pytest.raises(KuweiError, match=r"payment\.unknown"),
    ):
        desk(lab).again(session, viewer, county)
