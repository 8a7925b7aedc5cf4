"""A mission for the tests: its settings on disk, a clock that only pauses move, and reports to hand in."""

import json
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from embassy_gateway.delivery import Tally
from embassy_gateway.settings import PREFIX, Settings
from embassy_gateway.wiring import Gateway, open_gateway
from registry.contract.keys import SigningKey
from tests.embassy_gateway.registry_stand_in import Line, StandIn, line_to

NEW_YORK = "JP-CG-NEW-YORK"
# 21:30 of the 22nd in New York, 11:30 of the 23rd in Japan
EVENING = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)

SURNAME, GIVEN, NUMBER, PASSPORT = "髙﨑", "花子", "123456789018", "TZ1234567"
FOREIGNER = "Featherstonehaugh"

CHILD = {"name": {"surname": "髙﨑", "given": "太郎"}, "birth_date": "2015-05-05"}
SPOUSE = {"name": {"surname_latin": FOREIGNER}, "birth_date": "1984-01-02", "nationality": "GB"}


class Clock:
    """Stands still until somebody waits."""

    def __init__(self, now: datetime = EVENING) -> None:
        self.now = now
        self.pauses: list[float] = []

    def __call__(self) -> datetime:
        return self.now

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += timedelta(seconds=seconds)


def person(**changes):
    return {
        "name": {"surname": SURNAME, "given": GIVEN, "surname_kana": "タカサキ", "given_kana": "ハナコ"},
        "birth_date": "昭和60年3月7日",
        "sex": "female",
        "passport_number": PASSPORT,
        "individual_number": NUMBER,
        "number_check": {"number_checked_by": "通知カード", "identity_checked_by": "旅券"},
    } | changes


def report(number=0, **changes):
    """A 在留届 that has no fault; ``number`` makes it another one."""
    return {
        "kind": "residence",
        "mission": NEW_YORK,
        "effective": "2026-10-01",
        "notified_on": "2026-11-20",
        "people": [person()],
        "address_abroad": {
            "country": "US",
            "subdivision": "New York",
            "city": "New York",
            "lines": [f"{number} Example Ave"],
        },
    } | changes


def text(*reports):
    """The file: one report as an object, several as a list."""
    return json.dumps(reports[0] if len(reports) == 1 else reports, ensure_ascii=False).encode()


class Mission:
    """A gateway with its registry: everything that a test needs to hand."""

    def __init__(self, gateway: Gateway, registry: StandIn, line: Line, clock: Clock) -> None:
        self.gateway = gateway
        self.registry = registry
        self.line = line
        self.clock = clock

    def hand_in(self, *reports, mends=None):
        return list(self.gateway.take_in(text(*reports), mends))

    async def deliver(self, *, once=False, notice=lambda _: None) -> Tally:
        async with self.gateway.delivering(notice) as deliverer:
            return await (deliverer.once() if once else deliverer.until_empty())


def settle_in(folder) -> tuple[SigningKey, StandIn, Clock]:
    """Write the key files of a mission and its registry."""
    key = SigningKey.generate("gateway-test")
    (folder / "gateway-test.pem").touch(mode=0o600)
    (folder / "gateway-test.pem").write_bytes(key.to_pem())
    clock = Clock()
    registry = StandIn(key.verifying, clock)
    (folder / "registry").mkdir()
    (folder / "registry" / "registry-test.pem").write_bytes(registry.key.verifying.to_pem())
    return key, registry, clock


def settings_of(folder, url) -> Settings:
    return Settings(
        mission=NEW_YORK,
        registry_url=url,
        key=str(folder / "gateway-test.pem"),
        registry_keys=str(folder / "registry"),
        spool=str(folder / "spool" / "spool.sqlite"),
        spool_key=str(folder / "spool.key"),
    )


def environment_of(settings) -> dict[str, str]:
    """The variables that say what ``settings`` say."""
    given = {name: getattr(settings, name) for name in settings.__struct_fields__}
    return {PREFIX + name.upper(): value for name, value in given.items() if value is not None}


@contextmanager
def mission_in(folder, *, up=True):
    """A mission with its own folder, and a registry that is up unless told otherwise."""
    _, registry, clock = settle_in(folder)
    with (
        line_to(registry, up=up) as line,
        open_gateway(settings_of(folder, line.url), clock=clock, pause=clock.pause) as gateway,
    ):
        yield Mission(gateway, registry, line, clock)
