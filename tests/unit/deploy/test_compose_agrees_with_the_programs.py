"""The compose file cannot be run here, so it is held against the programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from pydantic_settings import BaseSettings

import kuwei_hub.cli
import kuwei_node.cli
from kuwei_hub.settings import Settings as HubSettings
from kuwei_node.settings import Settings as NodeSettings

ROOT = Path(__file__).resolve().parents[3]
GROUPS: dict[str, click.Group] = {
    "kuwei-hub": kuwei_hub.cli.verbs,
    "kuwei-node": kuwei_node.cli.verbs,
}
SETTINGS: dict[str, type[BaseSettings]] = {
    "kuwei-hub": HubSettings,
    "kuwei-node": NodeSettings,
}


def services() -> dict[str, dict[str, Any]]:  # Any: a YAML document
    """Return the services that run our own programs."""
    document = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return {
        name: service
        for name, service in document["services"].items()
        if service.get("command", [""])[0] in GROUPS
    }


@pytest.mark.parametrize("name", services())
def test_every_command_is_a_verb_of_its_program(name: str) -> None:
    program, verb, *_ = services()[name]["command"]

    assert verb in GROUPS[program].commands


@pytest.mark.parametrize("name", services())
def test_every_variable_is_a_setting_of_its_program(name: str) -> None:
    service = services()[name]
    known = SETTINGS[service["command"][0]].model_fields

    variables = {key.removeprefix("KUWEI_").lower() for key in service["environment"]}

    assert variables <= set(known)


@pytest.mark.parametrize("name", services())
def test_every_required_setting_is_given(name: str) -> None:
    service = services()[name]
    fields = SETTINGS[service["command"][0]].model_fields.items()

    required = {f"KUWEI_{key.upper()}" for key, field in fields if field.is_required()}

    assert required <= set(service["environment"])


@pytest.mark.parametrize("name", services())
def test_nothing_runs_in_development_mode(name: str) -> None:
    assert services()[name]["environment"]["KUWEI_MODE"] == "production"


def test_only_the_process_that_signs_has_the_keys_and_their_passphrase() -> None:
    hub = {n: s for n, s in services().items() if s["command"][0] == "kuwei-hub"}

    told = {n for n, s in hub.items() if "KUWEI_KEYS_PASSPHRASE" in s["environment"]}
    keeping = {n for n, s in hub.items() if "volumes" in s}

    assert told == keeping == {"hub-grpc"}


def test_the_example_names_every_variable_the_file_asks_for() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    asked = {part.split(":?}")[0] for part in text.split("${")[1:] if ":?}" in part}

    example = (ROOT / "deploy" / "compose.env.example").read_text().splitlines()
    named = {line.split("=")[0] for line in example if "=" in line}

    assert asked <= named
