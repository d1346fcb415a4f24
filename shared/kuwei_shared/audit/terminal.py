"""Entering what is done at a terminal, where nobody signs in, in the audit log."""

from __future__ import annotations

from sqlalchemy.orm import Session

from kuwei_shared.audit.recorder import Recorder
from kuwei_shared.identity.terminal import operator_principal


def record(
    audit: Recorder, session: Session, act: str, about: str, **details: str | int
) -> None:
    """Enter an act of this terminal's account, in the act's transaction."""
    audit.record(session, operator_principal(), act, about, details)
