"""An import service for tests: files in, what became of them out."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session

from kuwei_node.intake.adapters import files
from kuwei_node.intake.domain.progress import Progress, Reject, State
from kuwei_node.intake.service.imports import Intake
from kuwei_node.intake.tasks import run_import
from kuwei_node.payments.service import Appended
from kuwei_shared.db.unit_of_work import UnitOfWork
from kuwei_shared.identity import scope
from kuwei_shared.kernel.pages import PageRequest

COUNTY = "450102000"


@dataclass
class Screened:
    """Takes the place of screening: counts what it is given.

    Attributes:
        fails_at: the call that ends the process, so to say.
        cuts: how many calls lose the connection to the database.
    """

    count: int = 0
    fails_at: int | None = None
    cuts: int = 0
    calls: list[Appended] = field(default_factory=list)

    def make_ready(self, session: Session) -> None:
        del session

    def screen_appended(self, session: Session, appended: Appended) -> int:
        self.calls.append(appended)
        if len(self.calls) == self.fails_at:
            raise ConnectionError(f"an import lost {session}")
        if self.cuts:
            self.cuts -= 1
            session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        self.count += appended.count
        return appended.count

    def raise_appended(self, session: Session, appended: Appended) -> None:
        del session, appended


@dataclass
class Desk:
    """Hands files in and looks at what became of them."""

    unit_of_work: UnitOfWork
    intake: Intake
    screened: Screened
    divisions: tuple[str, ...] = (COUNTY,)

    def start(self, profile: str, *paths: Path) -> int:
        handed = [files.hand_in(path) for path in paths]
        with self.unit_of_work.begin() as session:
            return self.intake.start_import(
                session,
                profile=profile,
                files=handed,
                divisions=self.divisions,
                by="数据管理岗",
            )

    def run(self, profile: str, *paths: Path) -> tuple[State, Progress]:
        import_id = self.start(profile, *paths)
        state = run_import(self.unit_of_work, self.intake, import_id)
        return state, self.progress(import_id)

    def progress(self, import_id: int) -> Progress:
        with self.unit_of_work.begin() as session:
            return self.intake.progress(session, scope.of_service(), import_id)

    def rejects(self, import_id: int) -> list[Reject]:
        with self.unit_of_work.begin() as session:
            page = self.intake.rejects(
                session, scope.of_service(), import_id, PageRequest()
            )
        return list(page.rows)

    def column(self, sql: str) -> list[object]:
        with self.unit_of_work.begin() as session:
            return [row[0] for row in session.execute(text(sql))]
