"""Who works at a terminal: the command line's principal for the audit log.

Nobody signs in at a terminal. The operating system vouches for the account, and
that account is what is recorded, whatever name ``--by`` states.
"""

from __future__ import annotations

import os
import pwd

from kuwei_shared.identity.principal import Principal, Subject
from kuwei_shared.identity.roles import Role


def operator_principal() -> Principal:
    """Return the operating-system account of this process, as an administrator."""
    account = _account(os.getuid())
    return Principal(
        subject=Subject(f"cli:{account}"),
        name=f"命令行 {account}",
        roles=frozenset({Role.ADMINISTRATOR}),
        jurisdictions=(),
    )


def _account(uid: int) -> str:
    """Return an account's name; a container's may have a number only."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid-{uid}"
