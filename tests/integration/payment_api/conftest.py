from collections.abc import Iterator

import embedded
import pytest
from payment_api_lab import PaymentSite, payment_site


@pytest.fixture(scope="session")
def site(
    postgres: embedded.Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PaymentSite]:
    folder = tmp_path_factory.mktemp("node")
    with payment_site(postgres, "payment_api", folder) as found:
        yield found
