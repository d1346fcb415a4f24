"""The columns of the questions a service's processes put to the provider.

Hub and node each declare their own table from ``QuestionColumns``. It holds what lets
somebody in, sealed; no role but the owner of the tables sees a row.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from sqlalchemy import DateTime, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

# Row security without a policy: whoever is not the owner sees nothing.
CLOSED_DDL = ("ALTER TABLE session_renewal ENABLE ROW LEVEL SECURITY",)


class QuestionColumns:
    """One refresh token being traded, or the answer to it.

    Attributes:
        digest: SHA-256 of the token; the token itself is nowhere stored.
        asked_at: when a process took it upon itself to ask.
        answer: what the provider said, sealed; None until it has.
        forget_at: when the row says nothing any more.
    """

    __tablename__ = "session_renewal"
    # Any: SQLAlchemy types table arguments so.
    __table_args__: ClassVar[dict[str, Any]] = {"info": {"standing_ddl": CLOSED_DDL}}

    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    asked_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True))
    answer: Mapped[bytes | None] = mapped_column(LargeBinary)
    forget_at: Mapped[dt.datetime] = mapped_column(DateTime(timezone=True), index=True)
