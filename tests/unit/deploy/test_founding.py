"""The demo's one-time work where it goes wrong, with the programs it really runs."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import embedded
import founding
import pytest
from notebook import Notebook
from places import PLACES, TOWNSHIPS, Place
from ports import Ports
from processes import StageFailedError, Supervisor
from state import Stack

from kuwei_hub.territory.adapters import read_jurisdictions
from kuwei_hub.territory.domain import Jurisdiction

PLACE = PLACES[0]


@pytest.fixture
def demo(postgres: embedded.Postgres, tmp_path: Path) -> Iterator[Stack]:
    """A demo of one place that has a token nobody issued."""
    found = Stack(
        folder=tmp_path,
        payments=1,
        seed=1,
        ports=Ports.chosen(),
        supervisor=Supervisor(tmp_path),
        notebook=Notebook(tmp_path / "notebook.json"),
        places=(PLACE,),
        postgres=postgres,
    )
    (tmp_path / "tokens").mkdir()
    (tmp_path / "tokens" / f"{PLACE.code}.json").write_text("{}")
    yield found
    found.supervisor.stop()


def test_a_node_that_cannot_apply_fails_the_stage_with_its_last_words(
    demo: Stack,
) -> None:
    with pytest.raises(StageFailedError, match=r"(?s)status 1.*token\.malformed"):
        founding.membership(demo)


def test_who_asks_to_stop_does_not_wait_for_a_node_to_apply(demo: Stack) -> None:
    silent = demo.supervisor.start("enrol", ["sleep", "600"], {})
    demo.leaving.set()

    with pytest.raises(StageFailedError, match="stopped on request"):
        founding._await_words(demo, silent)


def test_a_node_that_never_applies_is_named(
    demo: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(founding, "ENROL_S", -1.0)
    silent = demo.supervisor.start("enrol", ["sleep", "600"], {})

    with pytest.raises(StageFailedError, match="enrol took over"):
        founding._await_words(demo, silent)


def test_a_verb_of_the_hub_that_fails_is_reported_with_its_words(demo: Stack) -> None:
    with pytest.raises(StageFailedError, match=r"(?s)kuwei-hub no-such-verb failed"):
        founding.run_hub(demo, "no-such-verb")


def test_the_territory_is_a_file_the_hub_reads(demo: Stack) -> None:
    found = {one.mof_div_code: one for one in _territory(demo)}

    assert set(found) == {place.code for place in PLACES} | set(TOWNSHIPS)
    for code, (name, host) in TOWNSHIPS.items():
        assert (found[code].name, found[code].host) == (name, host)
    managed = next(place for place in PLACES if place.city)
    assert found[managed.code].fiscal_parent == managed.parent
    assert found[managed.code].administrative_parent == managed.city


def _territory(demo: Stack) -> list[Jurisdiction]:
    return read_jurisdictions(Path(founding._territory(demo)))


def test_a_changed_catalogue_is_another_one(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/a.yaml").write_text("id: A\n")
    before = founding._digest(tmp_path)
    again = founding._digest(tmp_path)

    (tmp_path / "rules/a.yaml").write_text("id: B\n")

    assert before == again
    assert founding._digest(tmp_path) != before


def test_no_more_places_are_worked_on_at_once_than_agreed() -> None:
    too_many, crowded = threading.Barrier(founding.ABREAST + 1), list[str]()

    def act(place: Place) -> None:
        with contextlib.suppress(threading.BrokenBarrierError):
            too_many.wait(0.5)
            crowded.append(place.code)

    founding.abreast(act, PLACES)

    assert crowded == []


def test_a_mistake_of_the_program_is_not_told_as_a_failed_stage() -> None:
    def act(place: Place) -> None:
        raise KeyError(place.code)

    with pytest.raises(RuntimeError, match="a step of the demo is wrong") as told:
        founding.abreast(act, PLACES[:1])

    assert isinstance(told.value.__cause__, KeyError)


def test_every_other_place_is_done_when_one_fails() -> None:
    done: list[str] = []

    def act(place: Place) -> None:
        if place == PLACES[1]:
            raise StageFailedError(place.name)
        done.append(place.code)

    with pytest.raises(StageFailedError, match=PLACES[1].name):
        founding.abreast(act, PLACES)

    assert set(done) == {place.code for place in PLACES} - {PLACES[1].code}
