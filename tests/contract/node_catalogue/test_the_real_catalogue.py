"""The catalogue that is published can be put in force on a node's real tables."""

from __future__ import annotations

from collections.abc import Iterator

import catalogue_lab
import embedded
import pytest
from node_lab import NodeLab
from sqlalchemy import Engine, create_engine

from kuwei_node.catalogue.service.adoption import Adoption
from kuwei_node.schema import metadata
from kuwei_shared.catalogue import bundle
from kuwei_shared.catalogue.files import read_folder
from kuwei_shared.kernel.errors import KuweiError

pytestmark = pytest.mark.integration


@pytest.fixture
def whole_engine(postgres: embedded.Postgres) -> Iterator[Engine]:
    engine = create_engine(postgres.create("node_whole"))
    metadata().create_all(engine)
    yield engine
    metadata().drop_all(engine)
    engine.dispose()


@pytest.fixture
def lab(whole_engine: Engine) -> NodeLab:
    lab = NodeLab(whole_engine)
    lab.adoption = Adoption(
        clock=lab.clock,
        signer=lab.identity,
        agent_version="test",
        prepare=lab.catalogues.rehearse,
    )
    return lab


def test_it_is_planned_over_the_nodes_own_tables(lab: NodeLab) -> None:
    lab.put_in_force(bundle.pack_files(read_folder(catalogue_lab.ROOT)))

    with lab.work.begin() as session:
        effective = lab.catalogues.current(session)
    assert len(effective.realtime.rules) >= 40


GHOST = """
  ghost:
    label: 没有的表
    table: ghost
    keys: {agency_code: agency_code}
    fields:
      agency_code: {type: code, label: 单位}
      pay_amt: {type: money, label: 金额}
"""


def test_a_release_this_node_has_no_table_for_is_refused(lab: NodeLab) -> None:
    files = catalogue_lab.files(
        catalogue_lab.rule(
            when="pay_amt >= param.limit and coalesce(ghost.pay_amt, 0) >= 0"
        )
    )
    vocabulary = files["vocabulary.yaml"].decode()
    grown = vocabulary.replace("\nentities:", "\nentities:" + GHOST, 1)
    files["vocabulary.yaml"] = grown.encode()

    with pytest.raises(KuweiError, match="ghost"):
        lab.put_in_force(bundle.pack_files(files))
