"""How large a file may be, and what becomes of one that is larger."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import xlsxwriter

from kuwei_node.intake.adapters import profiles, typed, uploads
from kuwei_node.intake.adapters.files import open_file
from kuwei_node.intake.adapters.uploads import UploadFolder
from kuwei_node.intake.domain.profile import Reading
from kuwei_shared.kernel.errors import Kind, KuweiError


@pytest.fixture
def folder(tmp_path: Path) -> UploadFolder:
    return UploadFolder(tmp_path / "uploads")


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "四月.xlsx"
    with xlsxwriter.Workbook(path) as made:
        made.add_worksheet("明细").write_row(0, 0, ["金额"])
    return path


def left_in(folder: UploadFolder) -> list[Path]:
    return list(folder.folder.iterdir())


def test_a_file_at_the_bound_is_kept_and_one_byte_more_leaves_nothing(
    folder: UploadFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "BYTES_MAX", 8)

    kept = folder.keep(io.BytesIO(b"12345678"), "a.csv")
    with pytest.raises(KuweiError, match=r"upload\.too_large") as caught:
        folder.keep(io.BytesIO(b"123456789"), "b.csv")

    assert caught.value.kind is Kind.LIMITED
    assert left_in(folder) == [Path(kept.path)]


def test_an_empty_file_leaves_nothing(folder: UploadFolder) -> None:
    with pytest.raises(KuweiError, match=r"upload\.empty"):
        folder.keep(io.BytesIO(b""), "a.csv")

    assert left_in(folder) == []


def test_the_same_content_is_kept_once_under_both_names(folder: UploadFolder) -> None:
    first = folder.keep(io.BytesIO(b"a,b\n"), "一月.csv")
    second = folder.keep(io.BytesIO(b"a,b\n"), "二月.csv")

    assert first.path == second.path
    assert (first.name, second.name) == ("一月.csv", "二月.csv")
    assert len(left_in(folder)) == 1


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "..\\..\\etc\\passwd", "C:\\tmp\\passwd", "/passwd"]
)
def test_a_name_leads_nowhere(folder: UploadFolder, name: str) -> None:
    kept = folder.keep(io.BytesIO(b"a"), name)

    assert kept.name == "passwd"
    assert Path(kept.path).parent == folder.folder.resolve()


def test_a_workbook_beyond_memory_is_told_to_come_as_text(
    book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(typed, "SPREADSHEET_BYTES_MAX", 10)

    with pytest.raises(KuweiError, match=r"CSV 或 Parquet"):
        list(open_file(str(book), book.name, Reading()).chunks(10))


def test_a_sheet_that_is_not_there_is_named(book: Path) -> None:
    wanted = Reading.model_validate({"sheet": "汇总"})

    with pytest.raises(KuweiError, match="没有名为「汇总」的工作表"):
        list(open_file(str(book), book.name, wanted).chunks(10))


@pytest.mark.parametrize("name", ["nonsense", "../standard", "missing.yaml", ""])
def test_a_profile_that_is_not_there_names_those_that_are(name: str) -> None:
    with pytest.raises(KuweiError, match=r"profile\.unknown") as caught:
        profiles.load(name)

    assert "standard" in caught.value.message
