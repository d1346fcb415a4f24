"""The province's side of the rollout benchmark: founded, its members enrolled."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from kuwei_hub.bootstrap import Hub
from kuwei_hub.bootstrap import build as build_hub
from kuwei_hub.distribution.domain import key_holders
from kuwei_hub.schema import metadata as hub_tables
from kuwei_hub.settings import Settings as HubSettings
from kuwei_node.uplink.adapters.enrolment import Applicant
from kuwei_node.uplink.adapters.identity import IdentityFolder
from kuwei_shared.catalogue.checks.registry import read_schemas
from kuwei_shared.catalogue.files import read_folder

AUTHOR, APPROVER = "规则起草岗", "规则审批岗"
CATALOGUE = Path(__file__).resolve().parents[2] / "rules-catalog"


def settings_of(folder: Path, url: str, ports: tuple[int, int]) -> dict[str, str]:
    """The hub's environment."""
    members, applicants = ports
    return {
        "KUWEI_MODE": "development",
        "KUWEI_DATABASE_URL": url,
        "KUWEI_DATA_DIR": str(folder / "hub"),
        "KUWEI_GRPC_BIND": f"127.0.0.1:{members}",
        "KUWEI_GRPC_ADDRESS": f"localhost:{members}",
        "KUWEI_ENROL_BIND": f"127.0.0.1:{applicants}",
        "KUWEI_ENROL_ADDRESS": f"localhost:{applicants}",
        "KUWEI_ENROL_PER_MINUTE": "600",
        "KUWEI_ENROL_POLLS_PER_MINUTE": "6000",
        "KUWEI_KEYS_PASSPHRASE": secrets.token_hex(16),
    }


def prepare_hub(env: dict[str, str], codes: list[str]) -> Hub:
    """Tables, authority, repository, registered nodes."""
    os.environ.update(env)
    hub = build_hub(HubSettings(), process="bench")
    hub_tables().create_all(hub.unit_of_work.engine)
    hub.authority.create("bench")
    hub.keys.create(key_holders((AUTHOR, APPROVER)))
    with hub.unit_of_work.begin() as session:
        hub.library.found(session, hub.keys)
        for code in codes:
            hub.enrolment.register(
                session, code, name=code, level="county", parent=None, by="登记岗"
            )
    return hub


def enrol(hub: Hub, code: str, folder: Path) -> None:
    with hub.unit_of_work.begin() as session:
        token = hub.enrolment.issue_token(
            session, code, by="签发岗", account="cli:issuer"
        ).to_json()
    applicant = Applicant(IdentityFolder(folder / code), token)
    applicant.apply()
    with hub.unit_of_work.begin() as session:
        hub.enrolment.approve(session, code, by="复核岗", account="cli:approver")
    applicant.collect()
    applicant.close()


def publish(hub: Hub, codes: list[str]) -> str:
    with hub.unit_of_work.begin() as session:
        release = hub.rulebook.publish(
            session,
            read_folder(CATALOGUE),
            read_schemas(CATALOGUE),
            author=AUTHOR,
            approver=APPROVER,
            keys=hub.keys,
        )
        hub.library.assign(session, release.version, codes, by=AUTHOR)
    return release.version
