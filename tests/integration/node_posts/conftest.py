"""A node behind both walls with two payments, and one that met no release yet."""

from __future__ import annotations

from collections.abc import Iterator

import embedded
import post_lab
import pytest
from node_site_lab import held_payment


@pytest.fixture(scope="session")
def office(
    postgres: embedded.Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[post_lab.Office]:
    """A county's node with one held payment and one large one of its township."""
    url = postgres.create("node_posts")
    engine = post_lab.tables(url)
    post_lab.put_in_force(engine)
    engine.dispose()
    with post_lab.office(url, tmp_path_factory.mktemp("office")) as found:
        large = {"pay_amt": "23000000.00", "mof_div_code": post_lab.TOWNSHIP}
        found.screen(held_payment("O-held"), held_payment("O-large", **large))
        yield found


@pytest.fixture(scope="session")
def bare(
    postgres: embedded.Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[post_lab.Office]:
    """A node just enrolled: no release, no payment."""
    url = postgres.create("node_posts_bare")
    post_lab.tables(url).dispose()
    with post_lab.office(url, tmp_path_factory.mktemp("bare")) as found:
        yield found
