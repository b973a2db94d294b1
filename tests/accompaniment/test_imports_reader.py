import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from accompaniment.imports import reader as reader_module
from accompaniment.imports.outcome import RejectedRows, Remark
from accompaniment.imports.reader import Layout, SourceRow, UnreadableFileError, open_file, reading
from accompaniment.spreadsheets import SheetWriter, as_meant

LAYOUT = Layout(("code", "nom"))


def read(content: bytes) -> list[SourceRow]:
    with reading(io.BytesIO(content), LAYOUT) as reader:
        return list(reader)


PRINTED = st.characters(blacklist_categories=("Cc", "Cs"), max_codepoint=0xFFFF)


class SheetText:
    """A file as our own writer makes it."""

    def __init__(self) -> None:
        self._text = io.StringIO()
        self.sheet = SheetWriter(self._text)

    @property
    def text(self) -> str:
        return self._text.getvalue()


def rejected_of(content: str) -> str:
    """Return the file of rejected rows when every row of a file is rejected, always for the same reason."""
    with reading(io.BytesIO(content.encode()), LAYOUT) as reader:
        rejected = RejectedRows(reader.columns)
        for row in reader:
            rejected.add(row, Remark(7, "nom", row.values[1], "Inconnu."))
    return rejected.text


def refusal(content: bytes) -> str:
    with pytest.raises(UnreadableFileError) as refused:
        read(content)
    return refused.value.sentence


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_each_encoding_of_the_exports_is_detected(encoding: str) -> None:
    rows = read("code;nom\r\n1;Noël – Œuvre\r\n".encode(encoding))
    assert [row.values for row in rows] == [("1", "Noël – Œuvre")]


def test_a_letter_cut_by_the_reading_in_pieces_is_still_utf8(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader_module, "CHUNK_BYTES", 1)
    assert read("code;nom\n1;Noël\n".encode())[0].values == ("1", "Noël")


def test_columns_are_read_by_name_whatever_their_order() -> None:
    assert read(b"nom;code\nAubrac;1\n")[0].values == ("1", "Aubrac")


def test_the_columns_of_a_file_of_rejected_rows_are_read_over() -> None:
    assert read(b"code;nom;ligne;colonne;motif\n1;Aubrac;7;nom;Valeur obligatoire.\n")[0].values == ("1", "Aubrac")


def test_a_row_has_the_physical_line_on_which_it_begins() -> None:
    rows = read(b'code;nom\n\n1;"Aubrac\nBelloc"\n2;Castaing\n')
    assert [(row.line, row.values[1]) for row in rows] == [(3, "Aubrac\nBelloc"), (5, "Castaing")]


def test_rows_without_any_value_and_empty_cells_at_the_end_are_read_over() -> None:
    assert [row.values[0] for row in read(b"code;nom;;\n;\n1;Aubrac;;\n")] == ["1"]


@pytest.mark.parametrize("row", [b"1", b"1;Aubrac;trop"])
def test_a_row_with_another_number_of_values_is_faulty_and_the_others_are_not(row: bytes) -> None:
    faulty, right = read(b"code;nom\n" + row + b"\n2;Belloc\n")
    assert "au lieu de 2" in (faulty.fault or "")
    assert right.fault is None


def test_a_misplaced_quotation_mark_is_the_fault_of_its_row_alone() -> None:
    faulty, right = read(b'code;nom\n1;"Au"brac\n2;Belloc\n')
    assert faulty.line == 2
    assert "guillemets" in (faulty.fault or "")
    assert right.values[1] == "Belloc"


@pytest.mark.parametrize("content", [b'code;nom\n1;"Aubrac\n2;Belloc\n', b'code;nom\n1;"Aubrac\n2;"Belloc"\n'])
def test_a_quotation_mark_that_swallows_rows_refuses_the_file(content: bytes) -> None:
    assert "ligne 2" in refusal(content)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "vide"),
        (b"\xef\xbb\xbf", "vide"),
        (b"\n\n", "vide"),
        (b"PK\x03\x04\x00\x00", "pas un fichier texte"),
        ("code;nom\n1;Aubrac\n".encode("utf-16"), "UTF-16"),
        (b"code;nom\n1;\x81\x8d\n", "encodage"),
        (b"code,nom\n1,Aubrac\n", "la virgule"),
        (b"code\tnom\n1\tAubrac\n", "la tabulation"),
        (b"code\n1\n", "il manque la colonne «\u00a0nom\u00a0»"),
        (b"code;nom;age\n1;Aubrac;30\n", "la colonne «\u00a0age\u00a0» est inconnue"),
        (b"code;nom;nom\n1;Aubrac;Aubrac\n", "deux fois"),
        (b'"code;nom\n1;Aubrac\n', "guillemets"),
        (b"code;nom\n", "aucune ligne"),
        (b"code;nom\n1;" + b"x" * 140_000 + b"\n", "ligne 2"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_in_one_sentence(content: bytes, words: str) -> None:
    sentence = refusal(content)
    assert words in sentence
    assert "\n" not in sentence


def test_a_file_past_the_limit_is_refused_and_one_at_the_limit_is_read(settings: Settings) -> None:
    settings.IMPORT_MAXIMUM_MEGABYTES = 1
    content = b"code;nom\n1;Aubrac\n".ljust(1024 * 1024, b"\n")
    assert len(read(content)) == 1
    assert "Découpez-le" in refusal(content + b"\n")


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path) -> None:
    with pytest.raises(UnreadableFileError, match="n'existe pas"):
        open_file(tmp_path / "absent.csv")
    with pytest.raises(UnreadableFileError, match="est un dossier"):
        open_file(tmp_path)


def test_rejected_rows_keep_what_came_and_can_be_read_again() -> None:
    with reading(io.BytesIO(b'code;nom;motif\n1;"=1;2";ancien\n'), LAYOUT) as reader:
        rejected = RejectedRows(reader.columns)
        assert rejected.text == ""
        for row in reader:
            rejected.add(row, Remark(row.line, "code", "1", "Inconnu."))
    assert rejected.text == 'code;nom;ligne;colonne;motif\r\n1;"\'=1;2";2;code;Inconnu.\r\n'
    assert read(rejected.text.encode())[0].values[1] == "=1;2"


FORMULAS = ["=1+1", "+33 6 12 34 56 78", "-2", "@SUM(A1)", "\t=1", "＝1", "'=1", "''+1", " =1", "－1"]


@given(st.lists(st.one_of(st.sampled_from(FORMULAS), st.text(PRINTED)), min_size=1))
def test_rejected_rows_are_harmless_in_a_spreadsheet_and_round_and_round_change_nothing(names: list[str]) -> None:
    """Kind: a file that leaves harmless and comes back. Each way round gives the same values and the same file."""
    content = SheetText()
    for row in [("code", "nom"), *(("1", name) for name in names)]:
        content.sheet.write(row)
    first = rejected_of(content.text)
    assert [row.values[1] for row in read(first.encode())] == names
    assert rejected_of(first) == first
    cells = [cell for row in csv.reader(io.StringIO(first), delimiter=";") for cell in row]
    assert not any(cell.lstrip()[:1] in {*"=+-@\t\r\n＝＋－＠"} for cell in cells if cell.strip())


def test_a_value_that_was_copied_into_an_ordinary_file_loses_its_apostrophe_too() -> None:
    assert read(b"code;nom\n1;'+33612345678\n2;'s-Gravenhage\n3;l'=\n") == [
        SourceRow(2, ("1", "+33612345678"), ["1", "+33612345678"]),
        SourceRow(3, ("2", "'s-Gravenhage"), ["2", "'s-Gravenhage"]),
        SourceRow(4, ("3", "l'="), ["3", "l'="]),
    ]


def test_rejected_rows_lose_nothing_of_a_row_that_has_too_many_values() -> None:
    with reading(io.BytesIO(b"code;nom\n1;Aubrac;trop;plein\n2\n"), LAYOUT) as reader:
        rejected = RejectedRows(reader.columns)
        for row in reader:
            rejected.add(row, Remark(row.line, "ligne", "", "Trop."))
    assert rejected.text.splitlines()[1:] == ['1;"Aubrac;trop;plein";2;ligne;Trop.', "2;;3;ligne;Trop."]


@given(st.one_of(st.binary(max_size=400), st.binary(max_size=200).map(lambda tail: b"code;nom\n" + tail)))
def test_any_bytes_give_rows_or_one_sentence(content: bytes) -> None:
    try:
        rows = read(content)
    except UnreadableFileError:
        return
    for row in rows:
        assert row.line >= 2
        assert row.fault or len(row.values) == 2


@given(st.lists(st.tuples(st.text(), st.text()), min_size=1))
def test_what_a_spreadsheet_writes_is_read_back_as_it_was_meant(cells: list[tuple[str, str]]) -> None:
    text = io.StringIO()
    for row in [("code", "nom"), *cells]:
        text.write(";".join('"' + cell.replace('"', '""') + '"' for cell in row) + "\r\n")
    try:
        rows = read(text.getvalue().encode("utf-8", "surrogatepass"))
    except UnreadableFileError:
        return
    meant = [tuple(map(as_meant, row)) for row in cells]
    written = [row for row in meant if any(cell.strip() for cell in row)]
    assert [row.values for row in rows] == written
