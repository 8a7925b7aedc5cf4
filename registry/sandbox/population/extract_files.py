"""抽出ファイル — everyone of an extract as lines in a municipality's own form."""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Final

from registry.domain.removed_record import RemovedRecord
from registry.sandbox.population.bystanders import InExtract, Nationality
from registry.sandbox.population.days import on
from registry.sandbox.population.extract_forms import ExtractForm

_SPACE: Final = "\u3000"
_HALF_SPACE: Final = " "


def heading(form: ExtractForm) -> bytes:
    """Return the first line of a file, with the byte order mark where the form has one."""
    mark = codecs.BOM_UTF8 if form.is_marked else b""
    return mark + _lines([[name for _, name in form.columns]], form)


def lines_of(people: Iterable[InExtract], form: ExtractForm) -> bytes:
    """Return the lines of people of an extract, all of each together."""
    in_order = itemgetter(*(ours for ours, _ in form.columns))
    return _lines((in_order(items) for someone in people for items in _items_of(someone, form)), form)


def _lines(rows: Iterable[Sequence[str]], form: ExtractForm) -> bytes:
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=form.delimiter, quoting=form.quoting, lineterminator=form.line_end).writerows(rows)
    return written.getvalue().encode(form.encoding)


def _items_of(someone: InExtract, form: ExtractForm) -> Iterator[dict[str, str]]:
    """Yield what each line of a person says, by our names of the columns."""
    record = someone.record
    nationality = _nationality(someone.nationality, record, form)
    space = _HALF_SPACE if form.is_cp932 else _SPACE
    for line in record.lines:
        name, address, honseki = line.name, line.address, line.honseki
        number, code = line.individual_number, line.resident_record_code
        yield {
            "": "",
            "addressee_number": record.addressee_number,
            "history_number": str(line.history_number),
            "reason": form.reasons[line.reason],
            "effective": form.day(line.effective),
            "notified_on": form.day(on(line.notified_on)),
            "name": _joined(name.surname, name.given, _SPACE),
            "kana": _joined(name.surname_kana, name.given_kana, space),
            "former_surname": name.former_surname,
            "birth_date": form.birth(line.birth_date),
            "sex": form.sexes.get(line.sex, ""),
            "nationality": nationality,
            "address": address.text,
            "address_municipality": str(address.municipality),
            "honseki": honseki.text if honseki else "",
            "honseki_head": honseki.head if honseki else "",
            "individual_number": number.reveal() if number else "",
            "resident_record_code": code.reveal() if code else "",
            "destination": line.destination,
        }


def _joined(surname: str, given: str, space: str) -> str:
    return f"{surname}{space}{given}" if given else surname


def _nationality(nationality: Nationality, record: RemovedRecord, form: ExtractForm) -> str:
    if nationality is Nationality.FOREIGN:
        return form.foreign[int(record.addressee_number) % len(form.foreign)]
    return form.japanese if nationality is Nationality.JAPANESE else ""
