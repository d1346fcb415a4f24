"""Who is recorded for what is typed at a terminal."""

from __future__ import annotations

import os
import pwd

import pytest

from kuwei_shared.identity.roles import Role
from kuwei_shared.identity.terminal import operator_principal


def test_the_account_at_a_terminal_is_an_administrator_named_so() -> None:
    account = pwd.getpwuid(os.getuid()).pw_name

    found = operator_principal()

    assert (found.subject, found.name) == (f"cli:{account}", f"命令行 {account}")
    assert found.roles == {Role.ADMINISTRATOR}


def test_an_account_without_a_name_is_known_by_its_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 3_999_999_999)

    assert operator_principal().subject == "cli:uid-3999999999"
