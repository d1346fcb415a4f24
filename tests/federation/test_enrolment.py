from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import federation_lab as lab
import pytest
from sqlalchemy import Engine

from kuwei_hub.grpc_server import Ports
from kuwei_node.uplink.adapters.identity import IdentityFolder
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.trust import dsse, keys

pytestmark = pytest.mark.federation


def test_a_node_is_a_member_once_a_second_person_approved(
    province: lab.Province, applicant: lab.Member
) -> None:
    province.expect()
    asking = applicant.applicant(province.token())

    words = asking.apply()
    before = asking.collect()
    province.approve()
    after = asking.collect()
    asking.close()

    assert len(words.split()) == 6
    assert before is None
    assert after is not None
    assert after.identity == "spiffe://fiscal.gx/node/450102000"


def test_the_hub_states_whose_key_it_is(member: lab.Member) -> None:
    statement = dsse.from_json(member.identity_folder.load("key_statement.json"))
    hub_key = keys.public_key(member.identity_folder.read().hub_key)

    said = json.loads(
        dsse.verify(statement, "application/vnd.kuwei.key-statement.v1+json", hub_key)
    )

    own = member.identity_folder.signing_key().public_key()
    assert said["signing_key"] == keys.public_bytes(own).hex()
    assert said["approved_by"] == "复核岗"


def test_who_issued_the_token_cannot_approve(
    province: lab.Province, applicant: lab.Member
) -> None:
    province.expect()
    asking = applicant.applicant(province.token())
    asking.apply()

    with pytest.raises(KuweiError, match=r"enrolment\.same_person"):
        province.approve(by="签发岗")
    assert asking.collect() is None
    asking.close()


def test_a_lost_answer_is_not_a_second_use(
    province: lab.Province, applicant: lab.Member
) -> None:
    province.expect()
    asking = applicant.applicant(province.token())

    first, again = asking.apply(), asking.apply()
    asking.close()

    assert first == again
    assert province.alarms() == []


def test_a_second_use_of_a_token_is_refused_and_alarms(
    province: lab.Province, applicant: lab.Member, folder: Path
) -> None:
    province.expect()
    token = province.token()
    asking = applicant.applicant(token)
    asking.apply()
    applicant.identity_folder = IdentityFolder(folder / "thief")
    thief = applicant.applicant(token)

    with pytest.raises(KuweiError, match=r"token\.reused"):
        thief.apply()
    asking.close()
    thief.close()

    assert province.alarms() == ["alarm_token_reused"]


def test_a_forged_secret_is_refused_and_does_not_use_the_token_up(
    province: lab.Province, applicant: lab.Member
) -> None:
    province.expect()
    token = province.token()
    forged = json.loads(token) | {"secret": "AAAA"}
    forger = applicant.applicant(json.dumps(forged))

    with pytest.raises(KuweiError, match=r"token\.forged"):
        forger.apply()
    asking = applicant.applicant(token)
    asking.apply()
    forger.close()
    asking.close()

    assert province.alarms() == ["alarm_token_forged"]


def test_a_token_of_another_node_is_refused(
    province: lab.Province, applicant: lab.Member
) -> None:
    province.expect()
    other = json.loads(province.token()) | {"node_code": "450303000"}
    asking = applicant.applicant(json.dumps(other))

    with pytest.raises(KuweiError, match=r"token\.forged"):
        asking.apply()
    asking.close()


def test_an_expired_token_is_refused(
    province: lab.Province, applicant: lab.Member
) -> None:
    province.expect()
    asking = applicant.applicant(province.token())
    province.clock.advance(dt.timedelta(hours=24))

    with pytest.raises(KuweiError, match=r"token\.expired"):
        asking.apply()
    asking.close()


def test_only_the_applicant_may_collect(
    province: lab.Province, applicant: lab.Member, folder: Path
) -> None:
    province.expect()
    token = province.token()
    asking = applicant.applicant(token)
    asking.apply()
    province.approve()
    applicant.identity_folder = IdentityFolder(folder / "thief")
    applicant.identity_folder.keep(
        "signing.key", keys.private_pem(keys.new_signing_key())
    )
    thief = applicant.applicant(token)

    with pytest.raises(KuweiError, match=r"enrolment\.unproved"):
        thief.collect()
    asking.close()
    thief.close()


def test_a_hub_with_another_root_is_not_believed(
    province: lab.Province, applicant: lab.Member, folder: Path
) -> None:
    province.expect()
    token = json.loads(province.token())
    ports = Ports(members=0, applicants=0)
    other = lab.Province(province.url, folder / "other", ports)
    other.start()
    token["trust_pem"] = other.hub.authority.trust_pem().decode()
    other.stop()
    asking = applicant.applicant(json.dumps(token))

    with pytest.raises(KuweiError, match=r"rpc\.unreachable"):
        asking.apply()
    asking.close()


@pytest.mark.usefixtures("member")
def test_a_member_needs_the_word_replace_for_another_token(
    province: lab.Province,
) -> None:
    with pytest.raises(KuweiError, match=r"node\.enrolled"):
        province.token()

    assert province.token(replace=True)


def test_a_replaced_node_begins_a_new_epoch_and_the_old_one_is_denied(
    province: lab.Province,
    member: lab.Member,
    engines: Callable[[], Engine],
    folder: Path,
) -> None:
    member.line.greet()
    fresh = lab.Member(engines(), folder / "fresh", province.clock)
    asking = fresh.applicant(province.token(replace=True))
    asking.apply()
    province.approve()
    became = asking.collect()
    asking.close()
    province.look()

    with pytest.raises(KuweiError, match=r"node\.denied"):
        member.line.greet()
    assert became is not None
    assert became.epoch == 2
