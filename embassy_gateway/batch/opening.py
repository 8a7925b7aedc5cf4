"""How a batch file begins: whether it is text, in which encoding, with which delimiter, and where its columns are.

The heading tells: one that names every column of the form has been read rightly. Where it is in ASCII, the rows tell
the encoding. A heading that does not fit is refused with everything that is wrong with it.
"""

import codecs
import csv
from collections.abc import Iterator
from itertools import product
from typing import BinaryIO, Final

import msgspec

from embassy_gateway.batch.findings import CellFault, FileFault, FileUnreadable
from embassy_gateway.batch.form import Form
from embassy_gateway.batch.rows import Opening, raw_lines, split
from registry.domain.errors import FaultCode

_UTF_8, _CP932 = "utf-8", "cp932"
_DELIMITERS: Final = (",", "\t")
_UTF_16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_JIS_SHIFT: Final = b"\x1b$"
_NO_TEXT: Final = {
    b"PK\x03\x04": "a workbook or a zip archive",
    b"\xd0\xcf\x11\xe0": "a workbook of an older kind",
    b"%PDF": "a PDF",
    b"\x1f\x8b": "a gzip archive",
}
_NO_PART_OF_TEXT: Final = frozenset(range(0x20)) - {0x09}


def read_opening(file: BinaryIO, form: Form) -> Opening:
    """Read how the file begins; raises :class:`FileUnreadable` with every reason why the form cannot be applied."""
    first, end = _first_line(file)
    wanted = {form.map.columns[field] for field in form.required}
    allowed = [
        Reading(encoding, delimiter, tuple(_names(first, encoding, delimiter)))
        for encoding, delimiter in product(_encodings(form), _DELIMITERS)
        if form.map.delimiter in {None, delimiter}
    ]
    fitting = [one for one in allowed if wanted <= set(one.names)]
    if not fitting:
        raise FileUnreadable(*_misfit(first, form, wanted, allowed))
    chosen = _by_content(file, fitting, form)
    if faults := tuple(_wrong_columns(chosen.names, form)):
        raise FileUnreadable(*faults)
    positions = {
        field: chosen.names.index(heading) for field, heading in form.map.columns.items() if heading in chosen.names
    }
    return Opening(
        encoding=chosen.encoding, delimiter=chosen.delimiter, names=chosen.names, positions=positions, end=end
    )


class Reading(msgspec.Struct, frozen=True):
    """One way to read the heading."""

    encoding: str
    delimiter: str
    names: tuple[str, ...]


def _first_line(file: BinaryIO) -> tuple[bytes, int]:
    """Return the first line without a mark, and where the second begins; only if the file is text of our family."""
    line = next(raw_lines(file, 0, 0), None)
    if line is None or not line.data.removeprefix(codecs.BOM_UTF8).strip():
        raise _refused(FaultCode.EMPTY, "a heading and rows")
    if line.data.startswith(_UTF_16) or _JIS_SHIFT in line.data:
        raise _refused(FileFault.WRONG_ENCODING, "UTF-8 or cp932 (Shift_JIS)")
    kind = next((kind for mark, kind in _NO_TEXT.items() if line.data.startswith(mark)), None)
    if kind or _NO_PART_OF_TEXT.intersection(line.data):
        raise _refused(FileFault.NOT_TEXT, f"a text file; this is {kind or 'none'}")
    return line.data.removeprefix(codecs.BOM_UTF8), file.tell()


def _encodings(form: Form) -> tuple[str, ...]:
    return (_UTF_8, _CP932) if form.map.encoding is None else (form.map.encoding,)


def _names(first: bytes, encoding: str, delimiter: str) -> list[str]:
    """Read the headings in one way; none at all when they cannot be read so."""
    try:
        names = [name.strip() for name in split(first.decode(encoding), delimiter)]
    except (UnicodeDecodeError, csv.Error):
        return []
    while names and not names[-1]:
        names.pop()  # spreadsheets leave empty columns at the end
    return names


def _misfit(first: bytes, form: Form, wanted: set[str], allowed: list[Reading]) -> list[CellFault]:
    """Say why no allowed reading of the heading has all columns."""
    for encoding, delimiter in product((_UTF_8, _CP932), _DELIMITERS):
        if wanted <= set(_names(first, encoding, delimiter)):  # it would fit, were it not for what the map says
            expected = f"{form.map.encoding}, as the map says; the heading reads as {encoding}"
            if form.map.encoding not in {None, encoding}:
                return [_fault(FileFault.WRONG_ENCODING, expected)]
            return [_fault(FileFault.NO_HEADING, "the delimiter that the map names between the columns")]
    nearest = max((one.names for one in allowed), key=lambda names: len(wanted.intersection(names)))
    if not wanted.intersection(nearest):
        return [_fault(FileFault.NO_HEADING, "the names of the columns in the first line, with commas or tabs")]
    headings = (form.map.columns[field] for field in form.map.columns if field in form.required)
    missing = [_fault(FileFault.COLUMN_MISSING, "this column", name) for name in headings if name not in nearest]
    return [*missing, *_wrong_columns(nearest, form)]


def _wrong_columns(names: tuple[str, ...], form: Form) -> Iterator[CellFault]:
    """Name columns that stand twice, and in the staff's own form those that it does not know, by their place."""
    known = form.map.columns.values()
    for name in known:
        if names.count(name) > 1:
            yield _fault(FileFault.COLUMN_DOUBLED, "a column of this name once", name)
    unknown = [str(place) for place, name in enumerate(names, 1) if form.is_own and name not in known]
    if unknown:
        places = ", ".join(unknown)
        yield _fault(FileFault.COLUMN_UNKNOWN, f"only columns of the form; see the columns, from the left: {places}")


def _by_content(file: BinaryIO, fitting: list[Reading], form: Form) -> Reading:
    """Choose the encoding by the rows where the heading fits in both, and hold them against the one that a map names.

    A line in Japanese that is valid UTF-8 is hardly ever anything else; without one it is cp932, if every line is.
    """
    file.seek(0)
    if file.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8:
        found: str | None = _UTF_8
    elif len(fitting) == 1 and form.map.encoding is None:
        return fitting[0]
    else:
        found = _encoding_of_rows(file)
    if found is None and form.map.encoding is None:
        raise _refused(FileFault.WRONG_ENCODING, "UTF-8 or cp932 from beginning to end")
    chosen = next((one for one in fitting if found in {None, one.encoding}), None)
    if chosen is None:
        raise _refused(FileFault.WRONG_ENCODING, f"{fitting[0].encoding}, as map or heading say; the file is {found}")
    return chosen


def _encoding_of_rows(file: BinaryIO) -> str | None:
    """Return the encoding that the rows are in; None when they are in neither, or map and heading must tell."""
    is_cp932 = True
    is_ascii = True
    for line in raw_lines(file, 0, 0):
        if line.data.isascii():
            continue
        is_ascii = False
        if _is(line.data, _UTF_8):
            return _UTF_8
        is_cp932 = is_cp932 and _is(line.data, _CP932)
    if is_ascii:
        return None
    return _CP932 if is_cp932 else None


def _is(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _fault(code: FileFault | FaultCode, expected: str, column: str = "") -> CellFault:
    return CellFault(line=1, column=column, code=code, expected=expected)


def _refused(code: FileFault | FaultCode, expected: str) -> FileUnreadable:
    return FileUnreadable(_fault(code, expected))
