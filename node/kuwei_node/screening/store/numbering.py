"""The number an effective catalogue is recorded under, one for every process.

A new catalogue is registered in a short transaction of its own: in the screening's
it would keep every other screening that uses it waiting until that one ends.
"""

from __future__ import annotations

import datetime as dt
import json

from sqlalchemy import text
from sqlalchemy.orm import Session

from kuwei_shared.db.prepared import Prepared
from kuwei_shared.db.unit_of_work import UnitOfWork
from kuwei_shared.screening.effective import EffectiveCatalogue

REMEMBERED_MAX = 64

_NUMBER = Prepared(
    "SELECT id FROM compiled_catalogue WHERE fingerprint = $1", ("text",)
)


def number_of(
    session: Session, effective: EffectiveCatalogue, aside: UnitOfWork, at: dt.datetime
) -> int:
    """Return the number of an effective catalogue, registering it the first time.

    Args:
        session: the open transaction.
        effective: the catalogue in force.
        aside: opens transactions on connections the caller's pool does not count:
            all its threads may be waiting here at once.
        at: now.
    """
    # Kept with the connection: a database that was restored has closed it.
    known: dict[str, int] = session.connection().connection.info.setdefault(
        "compiled", {}
    )
    found = known.get(effective.fingerprint)
    if found is None:
        found = _number(session, effective) or _registered(aside, effective, at)
        if len(known) >= REMEMBERED_MAX:
            known.clear()
        known[effective.fingerprint] = found
    return found


def _number(session: Session, effective: EffectiveCatalogue) -> int | None:
    rows = _NUMBER.run(session, effective.fingerprint)
    return int(rows[0][0]) if rows else None


def _registered(
    aside: UnitOfWork, effective: EffectiveCatalogue, at: dt.datetime
) -> int:
    rule_ids = [one.rule.id for one in effective.realtime.rules]
    with aside.begin() as session:
        session.execute(
            text(
                "INSERT INTO compiled_catalogue (fingerprint, release, tuning,"
                " rule_ids, first_used_at) VALUES (:print, :release,"
                " CAST(:tuning AS jsonb), CAST(:ids AS jsonb), :at)"
                " ON CONFLICT (fingerprint) DO NOTHING"
            ),
            {
                "print": effective.fingerprint,
                "release": effective.release,
                "tuning": json.dumps(effective.tuning, ensure_ascii=False),
                "ids": json.dumps(rule_ids),
                "at": at,
            },
        )
        found = _number(session, effective)
    assert found is not None  # inserted, or there before
    return found
