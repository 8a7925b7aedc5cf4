"""名義人 — reads the 4情報 of a signing certificate from its otherNames into the value of the domain."""

from typing import Final

from cryptography import x509
from cryptography.hazmat import asn1

from registry.domain.certified_identity import SEXES, CertifiedIdentity, read_address, read_birth_date
from registry.domain.errors import InvalidInput
from registry.domain.mission import JAPAN
from registry.domain.municipality import MunicipalityTable
from registry.jpki.profile import ADDRESS, ADDRESS_SUBSTITUTES, BIRTH_DATE, NAME, NAME_SUBSTITUTES, SEX
from registry.jpki.refusals import UNREADABLE, JpkiFault, JpkiRefused

LONGEST: Final = 300
"""Characters of any of the items; the domain's longest line."""

_Stated = dict[x509.ObjectIdentifier, str]


def read_holder(certificate: x509.Certificate, municipalities: MunicipalityTable) -> CertifiedIdentity:
    """(12) Read who the holder is; raises :class:`JpkiRefused` with HOLDER_UNREADABLE where that is not clear.

    Every item stands once; 代替文字 may be left out. The address is read as of the day, in Japan, on which the
    certificate began.
    """
    try:
        stated = _stated(certificate)
        began = certificate.not_valid_before_utc.astimezone(JAPAN).date()
        form, address = read_address(stated[ADDRESS], municipalities, began)
        return CertifiedIdentity(
            name=stated[NAME],
            name_substitutes=_digits(stated.get(NAME_SUBSTITUTES, "")),
            sex=SEXES[stated[SEX]],
            birth_date=read_birth_date(stated[BIRTH_DATE]),
            address_form=form,
            address=address,
            address_substitutes=_digits(stated.get(ADDRESS_SUBSTITUTES, "")),
        )
    except (KeyError, InvalidInput, x509.ExtensionNotFound, *UNREADABLE):
        raise JpkiRefused(JpkiFault.HOLDER_UNREADABLE) from None


def _stated(certificate: x509.Certificate) -> _Stated:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    stated: _Stated = {}
    for one in names:
        if isinstance(one, x509.OtherName):
            if one.type_id in stated:
                raise ValueError("an item stands twice")
            stated[one.type_id] = _text(one.value)
    return stated


def _text(der: bytes) -> str:
    """Return the UTF8String of an otherName; empty and overlong text, and control characters, are no item's."""
    text = asn1.decode_der(str, der)
    if not 0 < len(text) <= LONGEST or not text.replace("\u3000", " ").isprintable():
        raise ValueError("not the text of an item")
    return text


def _digits(text: str) -> str:
    if text and not (text.isascii() and text.isdigit()):
        raise ValueError("代替文字 are digits")
    return text
