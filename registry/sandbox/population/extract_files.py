"""抽出ファイル — everyone of an extract as lines in a municipality's own form."""

import codecs
import csv
import io
from collections.abc import Iterable
from typing import Final

from registry.domain.removed_record import HistoryLine, RemovedRecord
from registry.sandbox.population.bystanders import InExtract, Nationality
from registry.sandbox.population.days import on
from registry.sandbox.population.extract_forms import ExtractForm

_SPACE: Final = "\u3000"
_HALF_SPACE: Final = " "


def heading(form: ExtractForm) -> bytes:
    """Return the first line of a file, with the byte order mark where the form has one."""
    mark = codecs.BOM_UTF8 if form.is_marked else b""
    return mark + _lines([[name for _, name in form.columns]], form)


def lines_of(someone: InExtract, form: ExtractForm) -> bytes:
    """Return the lines of one person of an extract."""
    record = someone.record
    return _lines([_cells(record, line, someone.nationality, form) for line in record.lines], form)


def _lines(rows: Iterable[list[str]], form: ExtractForm) -> bytes:
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=form.delimiter, quoting=form.quoting, lineterminator=form.line_end).writerows(rows)
    return written.getvalue().encode(form.encoding)


def _cells(record: RemovedRecord, line: HistoryLine, nationality: Nationality, form: ExtractForm) -> list[str]:
    name, honseki = line.name, line.honseki
    number, code = line.individual_number, line.resident_record_code
    items = {
        "": "",
        "addressee_number": record.addressee_number,
        "history_number": str(line.history_number),
        "reason": form.reasons[line.reason],
        "effective": form.day(line.effective),
        "notified_on": form.day(on(line.notified_on)),
        "name": _joined(name.surname, name.given, _SPACE),
        "kana": _joined(name.surname_kana, name.given_kana, _HALF_SPACE if form.is_cp932 else _SPACE),
        "former_surname": name.former_surname,
        "birth_date": form.birth(line.birth_date),
        "sex": form.sexes.get(line.sex, ""),
        "nationality": _nationality(nationality, record, form),
        "address": line.address.text,
        "address_municipality": str(line.address.municipality),
        "honseki": honseki.text if honseki else "",
        "honseki_head": honseki.head if honseki else "",
        "individual_number": number.reveal() if number else "",
        "resident_record_code": code.reveal() if code else "",
        "destination": line.destination,
    }
    return [items[ours] for ours, _ in form.columns]


def _joined(surname: str, given: str, space: str) -> str:
    return f"{surname}{space}{given}" if given else surname


def _nationality(nationality: Nationality, record: RemovedRecord, form: ExtractForm) -> str:
    if nationality is Nationality.FOREIGN:
        return form.foreign[int(record.addressee_number) % len(form.foreign)]
    return form.japanese if nationality is Nationality.JAPANESE else ""
