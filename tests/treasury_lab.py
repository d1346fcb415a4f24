"""A real treasury as a province: nodes with databases of their own, a hub, files."""

from __future__ import annotations

import csv
import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import federation_lab
from node_lab import NodeLab
from real_payments import HIMACHAL
from sqlalchemy import create_engine, text

from kuwei_node import agent
from kuwei_node.bootstrap import Node, build
from kuwei_node.intake.adapters import files
from kuwei_node.intake.domain.progress import Progress, State
from kuwei_node.intake.service.reference_files import ReferenceFile
from kuwei_node.intake.tasks import run_import
from kuwei_node.schedule.tasks import sweep
from kuwei_node.schema import metadata
from kuwei_node.settings import Settings
from kuwei_node.uplink.adapters.enrolment import Applicant
from kuwei_shared.catalogue import bundle
from kuwei_shared.identity.scope import of_service
from kuwei_shared.kernel.clock import SetClock

CATALOGUE = Path(__file__).parents[1] / "rules-catalog"
CODES = HIMACHAL.parent / "codes"
PROVINCE = "450000000"
CITIES = ("450100000", "450300000")
COUNTIES = ("450102000", "450303000", "450181000")
BUREAUS = {
    PROVINCE: ("province", None),
    **dict.fromkeys(CITIES, ("city", PROVINCE)),
    "450102000": ("county", "450100000"),
    "450303000": ("county", "450300000"),
    "450181000": ("county", PROVINCE),
}
"""Code → level and fiscal parent."""

NANNING_BRANCHES = range(1, 8)


def bureau_of(treasury: str) -> str:
    """Return who keeps a treasury's books, as the import profile says it."""
    district, branch = treasury[:3], int(treasury[3:])
    if district == "CTO":
        return PROVINCE
    if branch == 0:
        return "450100000" if district == "KNG" else "450300000"
    if district == "SML":
        return "450303000"
    return "450102000" if branch in NANNING_BRANCHES else "450181000"


@functools.cache
def reports() -> Mapping[str, tuple[Path, ...]]:
    """Return each bureau's report files."""
    found: dict[str, list[Path]] = {code: [] for code in BUREAUS}
    for path in sorted(HIMACHAL.glob("*.csv")):
        treasury = path.name.split("_wise_")[1][:5]
        found[bureau_of(treasury)].append(path)
    return {code: tuple(paths) for code, paths in found.items()}


def make_node_database(url: str) -> None:
    engine = create_engine(url)
    metadata().create_all(engine)
    engine.dispose()


@dataclass
class Books:
    """One bureau's node as production builds it, files in and questions answered."""

    code: str
    url: str
    folder: Path
    clock: SetClock = field(default_factory=federation_lab.clock_of_today)
    node: Node = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        settings = Settings(
            mode="development", database_url=self.url, data_dir=self.folder, threads=4
        )
        self.node = build(settings, process="test", clock=self.clock)

    def put_in_force(self) -> None:
        """Put the standard catalogue in force without a province."""
        lab = NodeLab(self.node.unit_of_work.engine, self.clock)
        lab.put_in_force(bundle.pack(CATALOGUE))

    def tune(self, rule_id: str, param: str, value: str) -> None:
        """Move a parameter as two persons of the bureau may."""
        with self.node.unit_of_work.begin() as session:
            self.node.local_changes.tune(
                session, rule_id, param, value, by="起草岗", approver="审批岗"
            )

    def load_reference(self) -> None:
        """Load the bureau itself and the treasury's own list of units."""
        level, parent = BUREAUS[self.code]
        division = {
            "mof_div_code": self.code,
            "mof_div_name": self.code,
            "level": level,
            "fiscal_parent": parent or "",
            "fiscal_year_end": "3",
        }
        self.load("jurisdiction", [division])
        self.load("agency", units(self.code))

    def load(self, entity: str, rows: list[dict[str, str]]) -> None:
        """Load reference rows from a file."""
        path = self.folder / f"{entity}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
        given = ReferenceFile(
            entity=entity,
            file=files.hand_in(path),
            division=self.code,
            by="数据管理岗",
        )
        with self.node.unit_of_work.begin() as session:
            self.node.reference_files.load(session, given)

    def take_in(self, profile: str, *paths: Path) -> tuple[State, Progress]:
        """Import files: store, screen, alert."""
        node = self.node
        with node.unit_of_work.begin() as session:
            import_id = node.intake.start_import(
                session,
                profile=profile,
                files=[files.hand_in(path) for path in paths],
                divisions=node.reference.divisions(session, self.code),
                by="数据管理岗",
            )
        state = run_import(node.unit_of_work, node.intake, import_id)
        with node.unit_of_work.begin() as session:
            return state, node.intake.progress(session, of_service(), import_id)

    def run_scheduled(self) -> int:
        """Run every scheduled rule that is due; return the runs."""
        return sweep(self.node.unit_of_work, self.node.scheduler)

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        """Ask the node's own database."""
        with self.node.unit_of_work.begin() as session:
            return [tuple(row) for row in session.execute(text(sql))]

    def hits(self) -> dict[str, int]:
        """Return hits per real-time rule."""
        found = self.rows("SELECT rule_id, count(*) FROM hit GROUP BY rule_id")
        return {str(rule): int(str(count)) for rule, count in found}

    def alerts(self) -> dict[str, int]:
        """Return alerts per rule, scheduled ones included."""
        found = self.rows("SELECT rule_id, count(*) FROM alert GROUP BY rule_id")
        return {str(rule): int(str(count)) for rule, count in found}

    def close(self) -> None:
        """Let go of the database."""
        self.node.unit_of_work.engine.dispose()


@dataclass
class Bureau(Books):
    """Books with a line to the hub."""

    def enrol(self, province: federation_lab.Province) -> None:
        """Apply with a token, be approved by a second person, open the line."""
        level, parent = BUREAUS[self.code]
        with province.hub.unit_of_work.begin() as session:
            province.hub.enrolment.register(
                session,
                self.code,
                name=self.code,
                level=level,
                parent=parent,
                by="登记岗",
            )
        applicant = Applicant(self.node.identity_folder, province.token(self.code))
        applicant.apply()
        province.approve(self.code)
        applicant.collect()
        applicant.close()
        self.channel = agent.channel_of(self.node)
        self.line = agent.uplink_of(self.node, self.channel)
        self.line.greet()

    def adopt(self) -> None:
        """Fetch, verify, compile and put in force what the province assigned."""
        agent.adoption_of(self.node, self.channel, self.line).run()

    def work(self) -> None:
        """Take in the treasury's files, run what is due, report."""
        self.take_in("himachal", *reports()[self.code])
        self.run_scheduled()
        self.report()

    def report(self) -> int:
        """Count every changed day and send; return the envelopes the hub took."""
        while self.line.record():
            pass
        return self.line.send()

    def close(self) -> None:
        """Hang up and let go of the database."""
        self.channel.close()
        super().close()


def units(code: str) -> list[dict[str, str]]:
    """Return a bureau's units as the treasury lists them."""
    found: dict[str, dict[str, str]] = {}
    for path in sorted(CODES.glob("*_ddo_codes.csv")):
        treasury = path.name[:5]
        if treasury[:3] not in {"CTO", "KNG", "SML"} or bureau_of(treasury) != code:
            continue
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                agency = f"{treasury}-{row['DDO Code'].strip()}"
                found[agency] = {
                    "agency_code": agency,
                    "agency_name": row["DDO Name"].strip(),
                    "mof_div_code": code,
                }
    return list(found.values())
