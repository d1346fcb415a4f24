"""The field names of the whole contract, by allow-list: adding one is a decision."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import yaml
from google.protobuf.descriptor import Descriptor, FieldDescriptor, FileDescriptor

import kuwei.v1

VOCABULARY = Path(__file__).parents[3] / "rules-catalog" / "vocabulary.yaml"
ALLOWED = """
code kind message details key value retry_after_s
spec message_id sender epoch stream seq prev_sha256 type schema_rev business_day
created_ms catalogue body keyid sig payload_type payload signatures upto_seq
running_sha256 given_ms
host_name platform agent_version token_id node_code csr_der signing_key host hmac
state fingerprint_words proof chain_pem trust_pem hub_signing_key key_statement
tuf_root identity
topic version protocol_min protocol_max clock_ms streams protocol applied features
spread_ms credits queue_depth known wait_ms news
status expected_seq retry_after_ms envelopes acks receipts
mof_div_code family revision reason figures measure stage rule_id rule_version
release_id
"""
OF_RELEASES = """
chunk happened_ms offset path reason_code reports serial
"""
OF_PAYMENTS = ("payee", "acct", "account", "use_des", "purpose", "voucher", "cert_no")


def files() -> Iterator[FileDescriptor]:
    for module in pkgutil.iter_modules(kuwei.v1.__path__, "kuwei.v1."):
        if module.name.endswith("_pb2"):
            yield importlib.import_module(module.name).DESCRIPTOR


def fields(message: Descriptor) -> Iterator[FieldDescriptor]:
    yield from message.fields
    for nested in message.nested_types:
        yield from fields(nested)


def names() -> set[str]:
    return {
        field.name
        for file in files()
        for message in file.message_types_by_name.values()
        for field in fields(message)
    }


def test_every_field_of_the_contract_is_on_the_list() -> None:
    assert names() <= {*ALLOWED.split(), *OF_RELEASES.split()}


def test_no_field_is_named_like_part_of_a_payment() -> None:
    assert [one for one in names() for part in OF_PAYMENTS if part in one] == []


def test_only_the_jurisdiction_and_the_stage_share_a_name_with_a_payment() -> None:
    vocabulary = yaml.safe_load(VOCABULARY.read_text(encoding="utf-8"))

    shared = names() & set(vocabulary["payment"]["fields"])

    assert shared == {"mof_div_code", "stage"}
