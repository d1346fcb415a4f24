"""``kuwei-node generate`` refuses what it cannot do, before it writes anything."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from kuwei_node import cli
from kuwei_shared.kernel.errors import KuweiError
from kuwei_shared.sample import asked
from kuwei_shared.sample.places import DEMO_CODES

SMALL = ("--payments", "500", "--nodes", "1")


def test_a_seed_below_nought_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KuweiError) as refused:
        asked.run([*SMALL, "--seed", "-1", "--out", str(tmp_path / "out")])

    assert refused.value.message == "随机种子不能是 -1;--seed 写 0 或正整数。"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    out = tmp_path / "file" / "out"

    with pytest.raises(KuweiError) as refused:
        asked.run([*SMALL, "--out", str(out)])

    assert refused.value.code == "sample.file"
    assert refused.value.message.startswith(f"写不了 {out}")


def test_nodes_of_another_province_do_not_stay_beside_it(tmp_path: Path) -> None:
    for code in DEMO_CODES:
        (tmp_path / code).mkdir()

    with pytest.raises(KuweiError) as refused:
        asked.run([*SMALL, "--out", str(tmp_path)])

    left = "、".join(sorted(DEMO_CODES[1:]))
    assert f"{tmp_path} 中有这次不会写的节点目录 {left}," in refused.value.message
    assert not (tmp_path / "manifest.json").exists()


def test_a_folder_of_the_same_nodes_is_filled_again(tmp_path: Path) -> None:
    (tmp_path / DEMO_CODES[0]).mkdir()
    (tmp_path / "notes").mkdir()

    asked.run([*SMALL, "--out", str(tmp_path)])

    assert (tmp_path / DEMO_CODES[0] / "payments.parquet").is_file()


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["--out", "x", "--nodes", "0"], 1, "节点数须在 1 至 126 之间"),
        (["--out", "x", "--payments", "1"], 1, "支付笔数须在 500 至"),
        (["--out", "x", "--seed", "-1"], 1, "sample.seed:随机种子不能是 -1"),
        (["--nodes", "1"], 2, "--out"),
        (["--help"], 0, ""),
    ],
)
def test_the_verb_leaves_with_a_sentence_and_its_status(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    status: int,
    said: str,
) -> None:
    monkeypatch.setattr(sys, "argv", ["kuwei-node", "generate", *words])

    with pytest.raises(SystemExit) as left:
        cli.main()

    assert left.value.code == status
    assert said in capsys.readouterr().err
