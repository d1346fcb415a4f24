"""The province's release verbs, as an operator types them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import catalogue_lab
import embedded
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import create_engine

from kuwei_hub import schema
from kuwei_hub.cli import verbs
from kuwei_shared.kernel.errors import KuweiError

pytestmark = pytest.mark.integration
Verb = Callable[..., Result]
ROOT = catalogue_lab.ROOT


@pytest.fixture(scope="module")
def operate(
    postgres: embedded.Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Verb:
    url = postgres.create("release_verbs")
    engine = create_engine(url)
    schema.metadata().create_all(engine)
    engine.dispose()
    env = {
        "KUWEI_MODE": "development",
        "KUWEI_DATABASE_URL": url,
        "KUWEI_DATA_DIR": str(tmp_path_factory.mktemp("hub")),
        "KUWEI_KEYS_PASSPHRASE": "口令",
    }

    def run(*arguments: str | Path) -> Result:
        typed = [str(argument) for argument in arguments]
        return CliRunner().invoke(verbs, typed, env=env)

    run("release-init", "--holder", "起草岗", "--holder", "审批岗")
    run("register-node", "450102000", "--name", "兴宁区", "--level", "county")
    run("publish", "--catalogue", ROOT, "--by", "起草岗", "--approve-by", "审批岗")
    return run


def test_a_published_release_is_rolled_out(operate: Verb) -> None:
    result = operate("rollout", "2026.1.1")

    assert result.output.endswith("目录 2026.1.1:1 个区划(全部)\n")


@pytest.mark.parametrize("act", ["2026.1.1", "--pause", "--resume"])
def test_a_code_without_a_node_is_refused_and_nothing_is_arranged(
    operate: Verb, act: str
) -> None:
    result = operate("rollout", act, "--to", "450199000", "--to", "450102000")

    assert isinstance(result.exception, KuweiError)
    assert result.exception.code == "fleet.no_node"
    assert "450199000" in result.exception.message
    assert "450102000" not in result.exception.message


def test_a_rollout_is_paused_and_resumed(operate: Verb) -> None:
    assert operate("rollout", "--pause").exit_code == 0
    assert operate("rollout", "--resume").exit_code == 0


def test_a_version_and_a_pause_exclude_each_other(operate: Verb) -> None:
    assert operate("rollout", "2026.1.1", "--pause").exit_code == 2


def test_signing_again_tells_until_when(operate: Verb) -> None:
    result = operate("resign")

    assert "timestamp 有效至" in result.output


def test_nobody_publishes_alone(operate: Verb) -> None:
    result = operate(
        "publish", "--catalogue", ROOT, "--by", "起草岗", "--approve-by", "起草岗"
    )

    assert isinstance(result.exception, KuweiError)
    assert result.exception.code == "release.one_person"


def test_the_repository_is_not_founded_twice(operate: Verb) -> None:
    result = operate("release-init", "--holder", "起草岗", "--holder", "审批岗")

    assert isinstance(result.exception, KuweiError)
    assert result.exception.code == "release.founded"


def test_the_online_keys_are_rotated_by_one_verb_and_signing_goes_on(
    operate: Verb,
) -> None:
    result = operate("release-rotate")

    assert result.output == "在线密钥已轮换,各节点将自行跟随\n"
    assert operate("resign").exit_code == 0
    assert operate("rollout", "2026.1.1").exit_code == 0
