import csv
import io
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from accompaniment.rules.imports import encodings
from accompaniment.rules.imports.encodings import MISREAD, UnreadableFileError
from accompaniment.rules.imports.outcome import RejectedRows, Remark
from accompaniment.rules.imports.reader import Layout, LostRowsError, SourceRow, open_file, reading
from accompaniment.rules.spreadsheets import SheetWriter, as_meant

LAYOUT = Layout(("code", "nom"))


def read(content: bytes) -> list[SourceRow]:
    with reading(io.BytesIO(content), LAYOUT) as reader:
        return list(reader)


# Characters that are read unchanged: no control character, no replacement character, no half of « Ã© ».
PRINTED = st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="ÂÃ\ufffd", max_codepoint=0xFFFF)


class SheetText:
    """A file as our own writer makes it."""

    def __init__(self) -> None:
        self._text = io.StringIO()
        self.sheet = SheetWriter(self._text)

    @property
    def text(self) -> str:
        return self._text.getvalue()


def rejected_of(content: str) -> str:
    """Return the file of rejected rows when every row is rejected for the same reason."""
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
    monkeypatch.setattr(encodings, "CHUNK_BYTES", 1)
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


def test_a_row_with_too_many_values_is_faulty_and_the_others_are_not() -> None:
    faulty, right = read(b"code;nom\n1;Aubrac;trop\n2;Belloc\n")
    assert "au lieu de 2" in (faulty.fault or "")
    assert right.fault is None


def test_empty_cells_that_a_spreadsheet_cut_off_at_the_end_of_a_row_are_empty() -> None:
    assert [row.values for row in read(b"code;nom\n1\n2;Belloc\n")] == [("1", ""), ("2", "Belloc")]


def test_a_misplaced_quotation_mark_is_the_fault_of_its_row_alone() -> None:
    faulty, right = read(b'code;nom\n1;"Au"brac\n2;Belloc\n')
    assert faulty.line == 2
    assert "guillemets" in (faulty.fault or "")
    assert right.values[1] == "Belloc"


@pytest.mark.parametrize(
    ("rows", "faulty", "right"),
    [
        (b'1;"Aubrac\n2;Belloc\n', [2], ["2"]),
        (b'1;"Aubrac\n2;"Belloc"\n', [2], ["2"]),
        (b'1;"Aubrac\n2;Belloc\n3;Castaing"\n4;Daru\n', [2, 4], ["2", "4"]),
        (b'1;"Aubrac\n2;Belloc"\n3;"Castaing\nDaru"\n', [2, 3], ["3"]),
        (b'1;Aubrac\n2;"Belloc', [3], ["1"]),
        (b'1;"' + b"x" * 90_000 + b"\n2;" + b"y" * 90_000 + b"\n3;Castaing\n", [2], ["2", "3"]),
    ],
)
def test_a_quotation_mark_that_swallows_rows_is_the_fault_of_its_row_and_hides_none(
    rows: bytes, faulty: list[int], right: list[str]
) -> None:
    found = read(b"code;nom\n" + rows)
    assert [row.line for row in found if row.fault] == faulty
    assert [row.values[0] for row in found if not row.fault] == right


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_no_row_is_lost_on_the_way_from_the_lines_to_the_rows(end: str) -> None:
    with reading(io.BytesIO(end.join(["code;nom", "1;Aubrac", "", "2;Belloc"]).encode()), LAYOUT) as reader:
        assert [row.line for row in reader] == [2, 4]
        assert reader.rows == 2
    with reading(io.BytesIO(end.join(["code;nom", "1;Aubrac", "2;Belloc"]).encode()), LAYOUT) as reader:
        reader._lines.read += 1  # simulates a fault of ours: a line was read and not given out
        with pytest.raises(LostRowsError):
            list(reader)


@pytest.mark.parametrize(
    "header",
    [
        b"Code;Nom",
        b" CODE ; NOM ",
        "C\u00f2de;N\u00f4m".encode(),
        b'"code";"nom"',
        "\u00a0code;nom\u200b".encode(),
        b"code;nom;;;",
        b"sep=;\r\ncode;nom",
        b'"sep=;"\r\ncode;nom',
        b"SEP=;;;;\r\ncode;nom",
        b"\xef\xbb\xbfsep=;\r\ncode;nom",
        b'\xef\xbb\xbf\xef\xbb\xbf"code";"nom"',
    ],
)
def test_a_header_is_read_as_spreadsheets_and_people_write_it(header: bytes) -> None:
    (row,) = read(header + b"\r\n1;Aubrac\r\n")
    assert row.values == ("1", "Aubrac")


@pytest.mark.parametrize("end", [b"\x1a", b"\r\n\x1a", b"\r\n\x1a\r\n", b"\r\n\x1a\x1a"])
def test_the_mark_of_dos_at_the_end_of_a_file_is_no_row(end: bytes) -> None:
    assert [row.values for row in read(b"code;nom\r\n1;Aubrac" + end)] == [("1", "Aubrac")]


@pytest.mark.parametrize("control", ["\x00", "\x07", "\x0b", "\x1a", "\x1f", "\x7f", "\x85"])
def test_a_control_character_is_the_fault_of_its_row_and_column_alone(control: str) -> None:
    before, faulty, after = read(f"code;nom\n1;Aubrac\n2;Bel{control}loc\n3;Castaing\n".encode())
    assert faulty.faulty == ("nom", "Bel\ufffdloc")
    assert "contrôle" in (faulty.fault or "")
    assert (before.values, after.values) == (("1", "Aubrac"), ("3", "Castaing"))


@pytest.mark.parametrize(
    ("encoding", "wrong"),
    [
        ("utf-8", b"Andr\xe9"),
        ("utf-8-sig", b"F\xf6hr"),
        ("utf-8", "Andr\ufffd".encode()),
        ("utf-8", "AndrÃ©".encode()),
        ("cp1252", "André".encode()),
        ("cp1252", b"Andr\x8e"),
        ("cp1252", b"Andr\x82"),
        ("cp1252", b"H\x81l"),
        ("cp1252", b"S\xbdur"),
    ],
)
def test_a_letter_of_another_encoding_is_the_fault_of_its_row_and_column_alone(encoding: str, wrong: bytes) -> None:
    right = "3;Hélène Lévêque-Noël\n4;Œuvrard\n5;Zoé d’Été – Šimon\n"
    content = (
        "code;nom\n1;Éloïse\n".encode(encoding) + b"2;" + wrong + b"\n" + right.encode(encoding.removesuffix("-sig"))
    )
    first, faulty, *others = read(content)
    assert (faulty.line, faulty.faulty and faulty.faulty[0]) == (3, "nom")
    assert faulty.fault
    assert [row.values[1] for row in (first, *others)] == [
        "Éloïse",
        "Hélène Lévêque-Noël",
        "Œuvrard",
        "Zoé d’Été – Šimon",
    ]


@given(st.lists(st.text("éèêàçôîûëïÉÈœŒabcdeLMN '’-", max_size=12), min_size=1, max_size=6), st.data())
def test_one_wrong_byte_anywhere_never_changes_what_the_other_rows_say(names: list[str], data: st.DataObject) -> None:
    hit = data.draw(st.integers(0, len(names)))
    rows = [f"{number};{name}é".encode() for number, name in enumerate(names)]
    rows.insert(hit, b"wrong;\xe9")
    found = read(b"\n".join([b"\xef\xbb\xbfcode;nom", *rows]))
    assert [row.line for row in found if row.fault] == [hit + 2]
    assert [row.values[1] for row in found if not row.fault] == [f"{name}é" for name in names]


@pytest.mark.parametrize("encoding", ["mac_roman", "cp850", "cp437"])
def test_another_encoding_is_refused_and_never_read_as_nonsense(encoding: str) -> None:
    assert "UTF-8 ou en Windows-1252" in refusal("code;nom\r1;Lévêque\r2;Zoé\r".encode(encoding))


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
        ("code\tnom\n1\tAubrac\n".encode("utf-16-le"), "UTF-16"),
        (b"sep=,\ncode,nom\n1,Aubrac\n", "la virgule"),
        (b"co\x00de;nom\n1;Aubrac\n" + b"2;Belloc\n" * 9, "pas un fichier texte"),
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
    """Kind: a file that was made harmless and changes when it comes back.

    Each round gives the same values and the same file.
    """
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


def quoted(*rows: tuple[str, ...]) -> bytes:
    """Return the rows with quotation marks around each cell, as spreadsheets write them."""
    lines = (";".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows)
    return "".join(f"{line}\r\n" for line in lines).encode("utf-8", "surrogatepass")


@given(st.lists(st.tuples(st.text(), st.text()), min_size=1))
def test_every_line_of_a_file_is_in_a_row_that_goes_in_or_is_faulty(cells: list[tuple[str, str]]) -> None:
    try:
        rows = read(quoted(("code", "nom"), *cells))
    except UnreadableFileError:
        return
    for row, following in pairwise([*rows, None]):
        assert following is None or row.line < following.line
    for cell in cells:
        plain = "".join(cell)
        if plain.isalnum() and plain.isprintable() and not MISREAD.search(plain):
            assert cell in [row.values for row in rows]


TEXT = st.text(PRINTED) | st.just("a\nb\r\nc")


@given(st.lists(st.tuples(TEXT, TEXT), min_size=1))
def test_what_a_spreadsheet_writes_is_read_back_as_it_was_meant(cells: list[tuple[str, str]]) -> None:
    try:
        rows = read(quoted(("code", "nom"), *cells))
    except UnreadableFileError:
        return
    meant = [tuple(map(as_meant, row)) for row in cells]
    written = [row for row in meant if any(cell.strip() for cell in row)]
    assert [row.values for row in rows] == written


def test_a_cell_that_is_far_too_long_is_the_fault_of_its_row_alone() -> None:
    faulty, right = read(b"code;nom\n1;" + b"x" * 140_000 + b"\n2;Belloc\n")
    assert "trop longue" in (faulty.fault or "")
    assert right.values == ("2", "Belloc")
