"""The administration adapter against a real Keycloak, where one is running."""

import os

import pytest

from kuwei_shared.identity import admin

SERVER = os.environ.get("KUWEI_TEST_KEYCLOAK")  # noqa: TID251  # a test aid

pytestmark = pytest.mark.skipif(
    SERVER is None,
    reason="no Keycloak here: set KUWEI_TEST_KEYCLOAK and KUWEI_TEST_KEYCLOAK_SECRET",
)


def test_sync_is_idempotent_against_keycloak() -> None:
    secret = os.environ["KUWEI_TEST_KEYCLOAK_SECRET"]  # noqa: TID251  # a test aid
    found = admin.connect(
        SERVER or "", realm="kuwei", client_id="realm-sync", client_secret=secret
    )
    admin.sync(found, {"450100000": "南宁市本级"})

    again = admin.sync(found, {"450100000": "南宁市本级"})

    assert again.groups_added == 0
