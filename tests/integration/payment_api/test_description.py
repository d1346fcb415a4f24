"""The OpenAPI description is complete: whatever it allows is answered as it says."""

from typing import Any

import schemathesis
from hypothesis import HealthCheck, given, settings
from pace import PATIENCE_S
from payment_api_lab import PaymentSite
from schemathesis import Case, CheckFunction, GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

# JSON Schema cannot say that a date lies between 1990 and 2100, or that text is a
# decimal number; such input is refused with its place, which the other checks hold.
UNSAYABLE: list[CheckFunction] = [positive_data_acceptance]
PATIENT = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


def test_every_answer_is_as_described(site: PaymentSite) -> None:
    described = schemathesis.openapi.from_url(f"{site.url}/v1/openapi.json")
    operation = described["/v1/payments:screen"]["POST"]

    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

        @PATIENT
        @given(case=operation.as_strategy(generation_mode=mode))
        def answered(case: Case[Any]) -> None:  # Any: the schema's own type
            headers = {"authorization": f"Bearer {site.token}"}
            case.call_and_validate(
                headers=headers, excluded_checks=UNSAYABLE, timeout=PATIENCE_S
            )

        answered()
