"""A resident reports of themselves: in their session, signed with their card, over real HTTP; and what is refused."""

from base64 import urlsafe_b64decode
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import msgspec
import pytest

from registry.contract.decoding import decode, encode
from registry.contract.evidence import verify_receipt
from registry.contract.messages import RECEIPT_HEADER, DryRun, Receipt
from registry.domain.reconciliation import LinkMethod
from registry.domain.sign_in import Level
from registry.jpki.authenticator import sign_application
from registry.jpki.crl import SeenInMemory
from registry.jpki.refusals import JpkiRefused
from registry.jpki.revocation_lines import CrlLine
from registry.sandbox.jpki.certificates import HolderTexts
from registry.services import ex_officio, own_record, shredding
from registry.services.jpki import Cards
from registry.services.sessions import of_token
from registry.store.engine import connect
from registry.store.roles import KEEPER
from registry.web.pages.visit import SESSION_COOKIE
from tests.acceptance.asking import CHECKED
from tests.acceptance.papers import NEW_YORK, change, event, number, person, report
from tests.acceptance.seen import counts, grown, receipt, rows
from tests.acceptance.test_shredding import UNLAWFUL
from tests.house import house
from tests.jpki.pki import LOGIN, SIGNING, InHand, crl, issuer, key, leaf, pinned
from tests.people.town import town

pytestmark = pytest.mark.anyio

TODAY = "2024-12-30"
"""What the clock of the house shows in New York; in Japan it is a day later."""
DAY = timedelta(days=1)
RESIDENT = "resident"
ALBANY = NEW_YORK | {"city": "Albany", "lines": ["5 Larkspur Road"]}


class Ca:
    """What a CA publishes; ``down`` where it does not answer."""

    def __init__(self):
        self.revoked, self.number, self.down, self.ends = [], 1, False, DAY

    async def __call__(self, scope, _receive, send):
        of = issuer(LOGIN if "authentication" in scope["path"] else SIGNING, int(scope["path"][-1]))
        now = datetime.now(UTC)
        body = crl(of, self.revoked, number=self.number, began=now - DAY, ends=now + self.ends)
        await send({"type": "http.response.start", "status": 503 if self.down else 200, "headers": []})
        await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def town_of_cards(database, folder):
    """A town where cards are verified."""
    ca = Ca()
    async with house(database, folder) as built, httpx.AsyncClient(transport=httpx.ASGITransport(ca)) as http:

        def cards(url):
            line = CrlLine(http, SeenInMemory())
            return Cards(resources=built.resources, authorities=pinned(), revocation=line, origin=url)

        async with town(built, folder, cards) as made:
            made.ca, made.http, made.database = ca, http, database
            yield made


@pytest.fixture(scope="module")
async def opened(database_of_people, tmp_path_factory):
    async with town_of_cards(database_of_people, tmp_path_factory.mktemp("town")) as made:
        yield made


@pytest.fixture(autouse=True)
def fresh_lists(place):
    """Each test begins with a CA that has revoked nobody, and lists that nobody has read."""
    place.ca.__init__()
    read_anew(place)


def read_anew(place):
    """Let the registry read the lists anew, as it does after an hour."""
    entrance = place.app.state.entrance
    entrance.cards = msgspec.structs.replace(entrance.cards, revocation=CrlLine(place.http, SeenInMemory()))
    entrance.turns.__init__()


# ------------------------------------------------------------------------------------------------ who is who


class Somebody:
    """A person with a card, whom nobody else resembles."""

    def __init__(self, day, *, given="花子", **card):
        now = datetime.now(UTC)
        self.said = person(
            birth_date=f"1979-03-{day:02}",
            honseki={"text": f"東京都千代田区鍛冶町七丁目{day}番"},
            name={"surname": "髙﨑", "given": given, "surname_kana": "タカサキ", "given_kana": "ハナコ"},
        )
        holder = HolderTexts(
            name=f"髙﨑\u3000{given}",
            name_substitutes="",
            sex="2",
            birth_date=f"3197903{day:02}",
            address="国外転出",
            address_substitutes="",
        )
        self.certificate = leaf(**({"holder": holder, "began": now - 30 * DAY, "ends": now + 30 * DAY} | card))
        self.card = InHand(self.certificate, card.get("card"))

    def changes(self, **fields):
        """A 変更届 of hers, for today."""
        return change(self.said, **({"effective": TODAY, "notified_on": TODAY, "address_abroad": ALBANY} | fields))


class Visitor:
    """A resident at their own software, in a session."""

    def __init__(self, place, browser):
        self.place, self.browser = place, browser

    @classmethod
    async def signed_in(cls, place, subject=RESIDENT, level=Level.JPKI):
        place.provider.change = {"sub": subject}
        browser = place.browser()
        await browser.sign_in(RESIDENT, level)
        return cls(place, browser)

    async def send(self, method, path, *, body=None, **headers):
        given = {"content-type": "application/json", "cookie": f"{SESSION_COOKIE}={self.browser.session_token}"}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        content = None if body is None else encode(body)
        return await self.browser.http.request(method, self.place.url + path, content=content, headers=given)

    async def nonce(self):
        answer = await self.send("POST", "/me/application-challenges")
        assert answer.status_code == 201, answer.text
        assert answer.json()["origin"] == self.place.url
        return answer.json()["nonce"]

    async def signed(self, card, application, *, nonce=None, origin=None):
        """What goes over the line."""
        text = encode(application).decode()
        nonce = nonce or await self.nonce()
        signature = sign_application(card, text.encode(), origin=origin or self.place.url, nonce=nonce)
        return {"application": text, "signature": signature}

    async def apply(self, body, key=None, query=""):
        answer = await self.send("POST", f"/me/applications{query}", body=body, idempotency_key=key or uuid4().hex)
        await self.place.house.stamp()
        return answer

    async def applies(self, who, **fields):
        return await self.apply(await self.signed(who.card, who.changes(**fields)))

    async def session(self):
        token = self.browser.session_token
        return await of_token(self.place.house.resources, urlsafe_b64decode(f"{token}="), self.place.house.wall_clock())

    async def account(self):
        return (await self.session()).account.account_id

    async def own_record(self):
        return await own_record.own_record(self.place.app.state.entrance.cards, await self.session())


async def known(place, day, **more):
    """Somebody whom a mission has reported."""
    who = Somebody(day, **more)
    receipt(await place.house.submit(report(who.said)))
    return who


def taken_in(answer):
    assert answer.status_code == 201, answer.text
    return decode(answer.content, Receipt)


def refused(answer, status, code, reason=None):
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem.get("reason")) == (status, code, reason)
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["detail"]
    assert problem["detail_ja"]
    assert not any(secret in answer.text for secret in ("髙﨑", "花子", "1979", "鍛冶町", "Larkspur"))
    return problem


# ---------------------------------------------------------------------------------------------- it is taken in


async def test_a_change_that_its_own_person_signs_becomes_a_movement_of_their_record(place):
    who = await known(place, 1)
    visitor = await Visitor.signed_in(place, "hers-1")
    assert await visitor.own_record() is None
    answer = await visitor.applies(who)
    told = taken_in(answer)
    key = place.house.resources.signing_key.verifying
    verify_receipt(answer.content, answer.headers[RECEIPT_HEADER], {"registry": key}.get)
    (outcome,) = told.people
    assert (told.state, outcome.link, outcome.confirmed) == ("accepted", LinkMethod.JPKI, True)
    record = await visitor.own_record()
    (now,) = record.today
    assert now.state.address_abroad.city == "Albany"
    assert now.state.mission == "JP-CG-NEW-YORK"
    assert record.submission_id == told.submission_id
    assert now.last_confirmed.isoformat() == TODAY
    standing = await visitor.send("GET", f"/me/applications/{told.submission_id}")
    assert decode(standing.content, Receipt) == told
    await place.house.sequence()
    seen = await own_record.own_access_record(place.app.state.entrance.cards, await visitor.session())
    account = await visitor.account()
    assert [(one.operation, one.outcome) for one in seen.entries if one.body == account] == [
        ("own-application-status", "found"),
        ("own-record", "found"),
        ("own-application", "accepted"),
    ]


async def test_a_residence_report_of_ones_own_opens_a_record(place):
    who, visitor = Somebody(2), await Visitor.signed_in(place, "hers-2")
    own = report(who.said, effective="2024-12-01", notified_on=TODAY)
    told = taken_in(await visitor.apply(await visitor.signed(who.card, own)))
    assert (told.people[0].link, told.people[0].confirmed) == (LinkMethod.OPENED, True)
    (now,) = (await visitor.own_record()).today
    assert now.state.address_abroad.city == "New York"


async def test_what_it_would_do_is_said_before_anybody_signs(place):
    who, visitor = await known(place, 3), await Visitor.signed_in(place, "hers-3")
    plan = {"application": encode(who.changes()).decode()}
    before = await visitor.apply(plan, query="?dry_run=true")
    assert decode(before.content, DryRun) == DryRun(state="received")
    taken_in(await visitor.applies(who, effective="2024-12-01"))
    plan = {"application": encode(who.changes(address_abroad=NEW_YORK)).decode()}
    there = await counts(place.database)
    after = decode((await visitor.apply(plan, query="?dry_run=true")).content, DryRun)
    assert (after.state, after.events, after.people[0].link) == ("accepted", ("address-changed",), LinkMethod.JPKI)
    assert {one.change for one in after.changes} == {"goes", "comes"}
    assert grown(there, await counts(place.database)) == {"log_pending": 1}


async def test_the_same_again_gets_the_answer_it_had_and_nothing_else_is_taken_under_its_key(place):
    who, visitor = await known(place, 4), await Visitor.signed_in(place, "hers-4")
    body, key = await visitor.signed(who.card, who.changes()), uuid4().hex
    first = await visitor.apply(body, key)
    taken_in(first)
    again = await visitor.apply(body, key)
    assert (again.status_code, again.content, again.headers[RECEIPT_HEADER]) == (
        201,
        first.content,
        first.headers[RECEIPT_HEADER],
    )
    other = await visitor.signed(who.card, who.changes(address_abroad=NEW_YORK))
    refused(await visitor.apply(other, key), 409, "idempotency-key-reused")
    refused(await visitor.apply(body), 409, "card-challenge-unknown", "challenge-unknown")
    assert len(await rows(place.database, "SELECT FROM holder WHERE account = $1", await visitor.account())) == 1


# --------------------------------------------------------------------------------------------- what is refused


def signed_otherwise(**more):
    async def act(_place, visitor, who):
        return await visitor.signed(who.card, who.changes(), **more)

    return act


async def as_it_should_be(_place, visitor, who):
    return await visitor.signed(who.card, who.changes())


async def of_other_bytes(_place, visitor, who):
    body = await visitor.signed(who.card, who.changes())
    return body | {"application": body["application"].replace("Albany", "Buffalo")}


async def without_a_form(_place, _visitor, who):
    return {"application": encode(who.changes()).decode(), "signature": "signed, Hanako"}


async def of_another_session(place, visitor, who):
    other = await Visitor.signed_in(place, "somebody else")
    place.provider.change = {}
    return await visitor.signed(who.card, who.changes(), nonce=await other.nonce())


async def revoked(place, visitor, who):
    place.ca.revoked = [(who.certificate.serial_number, datetime.now(UTC) - timedelta(hours=1))]
    return await visitor.signed(who.card, who.changes())


async def by_a_stale_list(place, visitor, who):
    place.ca.ends = -timedelta(hours=1)
    return await visitor.signed(who.card, who.changes())


async def by_no_list(place, visitor, who):
    place.ca.down = True
    return await visitor.signed(who.card, who.changes())


NOW = datetime.now(UTC)
LATER = (503, "card-standing-unknown")
NEVER = (422, "card-refused")
REFUSED = {
    "expired": ({"ends": NOW - DAY}, as_it_should_be, *NEVER, "expired"),
    "not yet valid": ({"began": NOW + DAY}, as_it_should_be, *NEVER, "not-yet-valid"),
    "revoked": ({}, revoked, *NEVER, "revoked"),
    "of a foreign CA": ({"of": issuer(name="foreign")}, as_it_should_be, *NEVER, "authority-unknown"),
    "a weak key": ({"card": key("weak", 1024)}, as_it_should_be, *NEVER, "key-weak"),
    "a login certificate": ({"of": issuer(LOGIN)}, as_it_should_be, *NEVER, "other-purpose"),
    "other bytes": ({}, of_other_bytes, *NEVER, "signature-wrong"),
    "another site": ({}, signed_otherwise(origin="https://registry.example.net"), *NEVER, "origin-wrong"),
    "no signature": ({}, without_a_form, *NEVER, "form-malformed"),
    "a nonce never given": ({}, signed_otherwise(nonce="A" * 32), 409, "card-challenge-unknown", "challenge-unknown"),
    "another's nonce": ({}, of_another_session, 409, "card-challenge-unknown", "challenge-unknown"),
    "a stale list": ({}, by_a_stale_list, *LATER, "revocation-stale"),
    "no list": ({}, by_no_list, *LATER, "revocation-unavailable"),
}
STORED = ("submission", "movement", "version", "link", "holder", "event")


@pytest.fixture(scope="module")
async def hers(opened):
    """Somebody known, whose signatures are refused: her record stays as it is."""
    return await known(opened, 5)


@pytest.mark.parametrize(("card", "sign", "status", "code", "reason"), REFUSED.values(), ids=REFUSED)
async def test_a_signature_that_does_not_hold_changes_nothing_and_says_what_to_do(
    place, hers, card, sign, status, code, reason
):
    del hers
    who, visitor = Somebody(5, **card), await Visitor.signed_in(place, "hers-5")
    body = await sign(place, visitor, who)
    before = await counts(place.database)
    answer = await visitor.apply(body)
    problem = refused(answer, status, code, reason)
    assert answer.headers["correlation-id"] == problem["correlation_id"]
    assert ("retry-after" in answer.headers) == (status == 503)
    more = grown(before, await counts(place.database))
    assert not set(more) & set(STORED)
    assert more["log_pending"] == 1


NOT_THEIRS = {
    "a return": ({"kind": "return", "address_abroad": None}, {}, ("/kind", "not-allowed-here")),
    "of last week": ({"notified_on": "2024-12-20", "effective": "2024-12-20"}, {}, ("/notified_on", "out-of-range")),
    "a correction": ({"replaces": "report-0001"}, {}, ("/replaces", "not-allowed-here")),
    "a number": ({}, {"individual_number": "123456789018"}, ("/people/0/individual_number", "not-allowed-here")),
    "a new 本籍": ({}, {"new_honseki": {"text": "沖縄県"}}, ("/people/0/new_honseki", "not-allowed-here")),
    "no sex": ({}, {"sex": "unknown"}, ("/people/0/sex", "missing")),
    "no 本籍 at first": ({}, {"honseki": None}, ("/people/0/honseki", "missing")),
    "another 本籍": ({}, {"honseki": {"text": "沖縄県那覇市"}}, ("/people/0", "own-record-unclear")),
}


@pytest.mark.parametrize(("fields", "of_person", "fault"), NOT_THEIRS.values(), ids=NOT_THEIRS)
async def test_what_others_vouch_for_nobody_reports_of_themselves(place, hers, fields, of_person, fault):
    visitor = await Visitor.signed_in(place, "hers-5")
    said = {name: value for name, value in (hers.said | of_person).items() if value is not None}
    application = {name: value for name, value in (hers.changes(**fields) | {"people": [said]}).items() if value}
    answer = await visitor.apply(await visitor.signed(hers.card, application))
    problem = refused(answer, 422, "invalid-input")
    assert fault in {(one["pointer"], one["code"]) for one in problem["faults"]}


async def test_who_signs_is_whom_it_is_about(place):
    her, other, visitor = await known(place, 6), await known(place, 7), await Visitor.signed_in(place, "hers-6")
    problem = refused(await visitor.apply(await visitor.signed(other.card, her.changes())), 403, "not-permitted")
    assert [one["code"] for one in problem["faults"]] == ["signer-not-subject"]
    family = her.changes() | {"people": [her.said, other.said]}
    problem = refused(await visitor.apply(await visitor.signed(her.card, family)), 422, "invalid-input")
    assert [one["pointer"] for one in problem["faults"]] == ["/people"]


NOBODY = {
    "not signed in": ({"cookie": ""}, 401, "sign-in-needed"),
    "from another site": ({"origin": "https://evil.example"}, 403, "cross-site"),
    "by a page of another site": ({"sec_fetch_site": "cross-site"}, 403, "cross-site"),
    "as a form": ({"content_type": "application/x-www-form-urlencoded"}, 415, "unsupported-media-type"),
    "as text": ({"content_type": "text/plain"}, 415, "unsupported-media-type"),
    "without a key": ({"idempotency_key": ""}, 400, "idempotency-key-missing"),
}


@pytest.mark.parametrize(("headers", "status", "code"), NOBODY.values(), ids=NOBODY)
async def test_who_does_not_come_from_their_own_session_is_turned_away(place, headers, status, code):
    visitor = await Visitor.signed_in(place, "hers-8")
    given = {"idempotency_key": uuid4().hex} | headers
    body = {"application": "{}", "signature": "x"}
    refused(await visitor.send("POST", "/me/applications", body=body, **given), status, code)


@pytest.mark.parametrize("path", ["/me/application-challenges", "/me/applications"])
async def test_a_password_is_not_enough_and_no_other_role_signs(place, path):
    weak = await Visitor.signed_in(place, "hers-8", Level.PASSWORD)
    refused(await weak.send("POST", path), 401, "sign-in-needed")
    place.provider.change = {}
    browser = place.browser()
    await browser.sign_in("agent", Level.JPKI)
    refused(await Visitor(place, browser).send("POST", path), 403, "not-permitted")


async def test_where_no_ca_is_pinned_there_is_nothing_to_sign(place):
    visitor, entrance = await Visitor.signed_in(place, "hers-8"), place.app.state.entrance
    cards, entrance.cards = entrance.cards, None
    try:
        refused(await visitor.send("POST", "/me/application-challenges"), 404, "not-found")
    finally:
        entrance.cards = cards


async def test_nobody_signs_as_fast_as_a_program(place):
    visitor = await Visitor.signed_in(place, "hers-8")
    answers = [await visitor.send("POST", "/me/application-challenges") for _ in range(31)]
    assert {one.status_code for one in answers[:-1]} == {201}
    refused(answers[-1], 429, "rate-limited")
    assert int(answers[-1].headers["retry-after"]) > 0


# ------------------------------------------------------------------------------------ nobody else's, and no longer


async def test_what_is_another_account_s_is_not_there(place):
    who, visitor = await known(place, 9), await Visitor.signed_in(place, "hers-9")
    told = taken_in(await visitor.applies(who))
    other = await Visitor.signed_in(place, "his-9")
    for named in (told.submission_id, str(uuid4()), "%2e%2e", told.people[0].person):
        refused(await other.send("GET", f"/me/applications/{named}"), 404, "not-found")
    assert await other.own_record() is None
    session = await other.session()
    assert await own_record.own_access_record(place.app.state.entrance.cards, session) is None
    plan = {"application": encode(who.changes()).decode()}
    assert decode((await other.apply(plan, query="?dry_run=true")).content, DryRun).people == ()


async def test_an_account_that_knows_its_record_takes_no_other_person_s_card(place):
    her, him = await known(place, 10), await known(place, 11)
    visitor = await Visitor.signed_in(place, "hers-10")
    taken_in(await visitor.applies(her))
    problem = refused(await visitor.applies(him), 403, "not-permitted")
    assert [one["code"] for one in problem["faults"]] == ["signer-not-subject"]
    plan = {"application": encode(him.changes()).decode()}
    refused(await visitor.apply(plan, query="?dry_run=true"), 403, "not-permitted")
    (now,) = (await visitor.own_record()).today
    assert now.state.birth_date.iso() == "1979-03-10"


async def test_a_record_is_one_account_s_and_the_newest_card_counts(place):
    who, first, second = await known(place, 12), None, None
    first = await Visitor.signed_in(place, "hers-12")
    taken_in(await first.applies(who))
    second = await Visitor.signed_in(place, "hers-12-anew")
    taken_in(await second.applies(who))
    assert await first.own_record() is None
    assert len((await second.own_record()).versions) == 3
    await place.house.sequence()
    seen = await own_record.own_access_record(place.app.state.entrance.cards, await second.session())
    assert ("holder-parted", "another-account") in [(one.operation, one.outcome) for one in seen.entries]


async def test_once_the_card_is_revoked_the_account_knows_no_record_until_another_signs(place):
    who, visitor = await known(place, 13), await Visitor.signed_in(place, "hers-13")
    taken_in(await visitor.applies(who))
    place.ca.down = True
    read_anew(place)
    with pytest.raises(JpkiRefused):  # whether it stands is not known: nothing is shown, and nothing parted
        await visitor.own_record()
    place.ca.down, place.ca.revoked = False, [(who.certificate.serial_number, datetime.now(UTC))]
    read_anew(place)
    assert await visitor.own_record() is None
    assert await rows(place.database, "SELECT FROM holder WHERE account = $1", await visitor.account()) == []
    renewed = Somebody(13)
    taken_in(await visitor.applies(renewed))
    assert await visitor.own_record() is not None


async def test_a_record_that_was_shredded_is_nobody_s(place):
    who, visitor = await known(place, 14), await Visitor.signed_in(place, "hers-14")
    taken_in(await visitor.applies(who))
    (person_id,) = next(iter(await rows(place.database, HELD_BY, await visitor.account())))
    engine = connect(place.database, role=KEEPER, pool_size=1)
    keeper = msgspec.structs.replace(place.house.resources, engine=engine)
    await shredding.shred(keeper, str(person_id), UNLAWFUL)
    await engine.dispose()
    assert await visitor.own_record() is None
    assert await rows(place.database, HELD_BY, await visitor.account()) == []


HELD_BY = "SELECT person_id FROM holder WHERE account = $1"


async def test_a_record_that_fell_away_is_nobody_s_either(place):
    who, visitor = await known(place, 15), await Visitor.signed_in(place, "hers-15")
    taken_in(await visitor.applies(who))
    receipt(await place.house.submit(event("death", who.said)))
    assert await visitor.own_record() is None
    assert await rows(place.database, HELD_BY, await visitor.account()) == []


async def test_whose_record_was_merged_signs_once_more_and_has_the_one_that_stays(place):
    who, visitor = await known(place, 16), await Visitor.signed_in(place, "hers-16")
    taken_in(await visitor.applies(who))
    ((falls_away,),) = await rows(place.database, HELD_BY, await visitor.account())
    who.said |= {"honseki": {"text": "沖縄県那覇市泉崎一丁目"}}
    double = receipt(await place.house.submit(report(who.said)))
    ((stays,),) = await rows(
        place.database, "SELECT person_id FROM link WHERE submission_id = $1", double.submission_id
    )
    why = {"reason": "二重登録", "decided_by": "office-1"}
    await ex_officio.resolve_double(place.house.ex_officio, str(falls_away), str(stays), **why)
    told = taken_in(await visitor.applies(who))
    assert told.people[0].link is LinkMethod.JPKI
    assert await rows(place.database, HELD_BY, await visitor.account()) == [(stays,)]
    assert await visitor.own_record() is not None


async def test_the_own_record_shows_no_number(place):
    who, visitor = Somebody(17), await Visitor.signed_in(place, "hers-17")
    numbered = who.said | {"individual_number": number(1717), "number_check": CHECKED}
    receipt(await place.house.submit(report(numbered)))
    taken_in(await visitor.applies(who))
    record = await visitor.own_record()
    assert record.has_number
    assert {one.state.individual_number for one in (*record.versions, *record.today)} == {None}
