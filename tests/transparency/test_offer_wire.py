"""An offer arrives as it was sent (C2SP tlog-witness), and nothing that is written in another way arrives at all."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.transparency import offer_wire
from registry.transparency.note import Note
from registry.transparency.refusals import LogFault, LogRefused
from registry.transparency.witness import Offer
from tests.transparency.signers import ARCHE
from tests.transparency.small_log import SmallLog, written

# The example of the specification.
EXAMPLE = """\
old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
""".encode()  # noqa: E501 - a signature line is as long as it is
NOTE = SmallLog(written(3)).note()
HASHES = st.binary(min_size=32, max_size=32)
HASH = b64encode(bytes(32)).decode()
COSIGNATURES = "".join(f"{line}\n" for line in ARCHE.splitlines() if line.startswith("— "))


def test_the_example_of_the_specification_is_read_and_written_again():
    offer = offer_wire.read_offer(EXAMPLE)
    assert (offer.old_size, len(offer.proof)) == (20852014, 4)
    assert Note.parse(offer.note).text.startswith("example.com/behind-the-sofa\n20852163\n")
    assert offer_wire.write_offer(offer) == EXAMPLE


@given(st.integers(0, 2**63 - 1), st.lists(HASHES, max_size=63))
def test_what_is_written_is_read_as_it_was(old_size, proof):
    offer = Offer(old_size=old_size, proof=tuple(proof), note=NOTE)
    assert offer_wire.read_offer(offer_wire.write_offer(offer)) == offer


MALFORMED = {
    "nothing": b"",
    "no old size": b"\n\n" + NOTE,
    "a size with a zero before it": b"old 01\n\n" + NOTE,
    "a size below nothing": b"old -1\n\n" + NOTE,
    "a size of other digits": "old １\n\n".encode() + NOTE,
    "two spaces": b"old  1\n\n" + NOTE,
    "a line end of another system": b"old 1\r\n\r\n" + NOTE,
    "no empty line": b"old 1\n" + HASH.encode(),
    "a hash that is shorter": f"old 1\n{HASH[4:]}\n\n".encode() + NOTE,
    "a hash that is not canonical": f"old 1\n{HASH[:-2]}B=\n\n".encode() + NOTE,
    "a hash in the alphabet of addresses": f"old 1\n{'-' * 43}=\n\n".encode() + NOTE,
    "64 hashes": b"old 1\n" + f"{HASH}\n".encode() * 64 + b"\n" + NOTE,
    "too long": b"old 1\n\n" + b"x" * offer_wire.MAX_OFFER_BYTES,
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_an_offer_in_another_form_is_refused(body):
    with pytest.raises(LogRefused) as caught:
        offer_wire.read_offer(body)
    assert caught.value.code == LogFault.OFFER_MALFORMED


@given(st.binary(max_size=200))
def test_whatever_comes_is_read_or_refused(body):
    try:
        offer = offer_wire.read_offer(body)
    except LogRefused:
        return
    assert offer_wire.write_offer(offer) == body


def test_cosignatures_are_read_as_they_were_written():
    signatures = offer_wire.read_cosignatures(COSIGNATURES.encode())
    assert len(signatures) == 6
    assert offer_wire.write_cosignatures(signatures).decode() == COSIGNATURES


@pytest.mark.parametrize("body", [b"", b"OK\n", COSIGNATURES.encode()[:-1], b"\n" + COSIGNATURES.encode()])
def test_an_answer_without_cosignatures_is_refused(body):
    with pytest.raises(LogRefused):
        offer_wire.read_cosignatures(body)


@pytest.mark.parametrize("size", [0, 9, 2**63 - 1])
def test_a_size_is_read_as_it_was_written(size):
    assert offer_wire.read_size(offer_wire.write_size(size)) == size


@pytest.mark.parametrize("body", [b"", b"9", b"09\n", b"-9\n", b"9\n9\n", b"9" * 20 + b"\n"])
def test_what_is_no_size_is_refused(body):
    with pytest.raises(LogRefused):
        offer_wire.read_size(body)
