"""What is measured: a registry and the floor as processes over one database, and requests signed beforehand."""

import json
import secrets
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any, Final

from benchmarks.load import HOST, http
from registry.contract.decoding import encode
from registry.contract.evidence import EvidenceHeader, make_evidence
from registry.contract.keys import SigningKey
from registry.contract.messages import EVIDENCE_HEADER
from registry.contract.signing import RequestParts, sign_request
from registry.domain.disclosure import BodyKind
from registry.domain.removed_record import RemovedRecord
from registry.sandbox.identity_provider_cli import make as make_providers
from registry.sandbox.programs import Programs, free_port, wait_until_ready
from registry.settings import Settings
from registry.store import callers
from registry.store.callers import RegisteredKey
from registry.store.embedded import EmbeddedServer
from registry.store.migrate import migrate
from registry.vault.keys import FileKeyProvider
from registry.wiring import LOG_KEY_ID, SIGNING_KEY_ID, resources

MISSION: Final = "JP-CG-NEW-YORK"
TOWN: Final = "131016"
PENSIONS: Final = tuple(f"pension-office-{number}" for number in range(1, 33))
"""So many that none of them asks faster than one office may."""
CALLERS: Final = {
    MISSION: BodyKind.MISSION,
    TOWN: BodyKind.MUNICIPALITY,
    **dict.fromkeys(PENSIONS, BodyKind.PENSION_OFFICE),
}

TERMS: Final = {
    "affair": "pension-benefit",
    "basis": "番号法19条8号",
    "handled_by": "clerk-7",
    "fields": ["name", "birth_date", "address_abroad", "status"],
}


class Setting:
    """The processes that are measured, and who calls them; everything ends with ``stack``."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self.keys = {body: SigningKey.generate(f"{body}-bench") for body in CALLERS}
        self.postgres = stack.enter_context(EmbeddedServer(None))
        self._programs = stack.enter_context(Programs(folder))
        self.port, self.floor_port = free_port(), free_port()
        self._evidence_sent = 0
        self._offices = cycle(PENSIONS)
        registry_key = SigningKey.generate(SIGNING_KEY_ID)
        (folder / "registry.pem").write_bytes(registry_key.to_pem())
        (folder / "log.pem").touch(mode=0o600)
        (folder / "log.pem").write_bytes(SigningKey.generate(LOG_KEY_ID).to_pem())
        FileKeyProvider.create(folder / "keys.json")
        self.environment = {
            "REGISTRY_DSN": self.postgres.dsn(),
            "REGISTRY_KEYS": str(folder / "keys.json"),
            "REGISTRY_SIGNING_KEY": str(folder / "registry.pem"),
            "REGISTRY_LOG_KEY": str(folder / "log.pem"),
            "REGISTRY_PROVIDERS": str(make_providers(folder / "identity-provider", free_port())),
            "REGISTRY_HOST": HOST,
            "REGISTRY_PORT": str(self.port),
        }
        self.settings = Settings.read(self.environment)

    async def prepare(self) -> None:
        """Make the schema and register the callers' keys."""
        await migrate(self.settings.dsn)
        async with resources(self.settings, role=None, pool_size=1) as given, given.work() as work:
            for body, key in self.keys.items():
                row = RegisteredKey(
                    key_id=key.key_id,
                    body=body,
                    body_kind=CALLERS[body],
                    public_key=key.verifying.to_pem(),
                    valid_from=datetime.now(UTC) - timedelta(minutes=1),
                )
                await callers.register_key(work, row)
            await work.commit()

    def start(self) -> None:
        """Start the sequencer, the registry and the floor."""
        self._programs.start("sequencer", ["registry", "sequencer"], self.environment)
        self._start_registry(["registry", "serve", "--without-sequencer"])
        command = ["python", "-m", "benchmarks.floor", str(self.floor_port)]
        floor = self._programs.start("floor", command, {"FLOOR_DSN": self.postgres.dsn()})
        wait_until_ready(f"http://{HOST}:{self.floor_port}/health/ready", floor, self.folder / "floor.log")

    def end_registry(self) -> None:
        """End the registry's process, and let it finish what it is at."""
        self.registry.terminate()
        self.registry.wait()

    def start_profiled(self) -> Path:
        """Start the registry under the profiler; return the file that it will write at its end."""
        path = self.folder / "profile"
        self._start_registry(["python", "-m", "benchmarks.profiled", str(path)])
        return path

    def _start_registry(self, command: Sequence[str]) -> None:
        self.registry = self._programs.start("registry", command, self.environment)
        wait_until_ready(f"http://{HOST}:{self.port}/health/ready", self.registry, self.folder / "registry.log")

    def rotate(self) -> int:
        """Have every key wrapped anew by a fresh one, by the command that an operator types; return how many."""
        command = ["registry", "keys", "rotate", "kek", "--fresh", "--json"]
        keys: int = json.loads(self._programs.run("rotate", command, self.environment))["keys"]
        return keys

    def verify_log(self, options: Sequence[str]) -> int:
        """Have all of the log audited by the command that an auditor types; return how many entries are in order."""
        command = ["registry", "verify-log", "--json", *options]
        size: int = json.loads(self._programs.run("verify", command, self.environment))["size"]
        return size

    def post(self, body: str, path: str, message: Any, headers: Sequence[tuple[str, str]] = ()) -> bytes:
        """Write a signed request of a caller as it goes over the wire."""
        content = message if isinstance(message, bytes) else encode(message)
        fields = (("content-type", "application/json"), ("idempotency-key", secrets.token_hex(12)), *headers)
        parts = RequestParts(method="POST", url=f"http://{HOST}:{self.port}{path}", headers=fields, body=content)
        signature = sign_request(parts, self.keys[body], datetime.now(UTC), secrets.token_urlsafe(24))
        return http("POST", path, (*fields, *signature), content)

    def report(self, report: Any) -> bytes:
        """Write the signed submission of one report with its evidence."""
        content = encode(report)
        return self.post(MISSION, "/v1/submissions", content, ((EVIDENCE_HEADER, self.evidence(content)),))

    def evidence(self, report: bytes) -> str:
        """Make the evidence of the mission over a report."""
        self._evidence_sent += 1
        previous = None if self._evidence_sent == 1 else "A" * 43
        header = EvidenceHeader(
            key_id=self.keys[MISSION].key_id,
            taken_at=datetime.now(UTC),
            sequence=self._evidence_sent,
            previous=previous,
        )
        return make_evidence(report, self.keys[MISSION], header)

    def batch(self, reports: Sequence[Any]) -> bytes:
        """Write the signed submission of up to a hundred reports at once."""
        contents = [encode(report) for report in reports]
        items = [
            {"idempotency_key": secrets.token_hex(12), "report": one.decode(), "evidence": self.evidence(one)}
            for one in contents
        ]
        return self.post(MISSION, "/v1/submissions/batch", {"items": items})

    def delivery(self, part: int, records: Sequence[RemovedRecord]) -> bytes:
        """Write the signed delivery of one part of an extract."""
        message = {"extract_id": "bench-extract", "part": part, "records": records}
        return self.post(TOWN, "/v1/removed-records", message)

    def inquiry(self, number: str) -> bytes:
        """Write a signed inquiry by number, of each pension office in turn."""
        return self.post(next(self._offices), "/v1/inquiries", TERMS | _searched(number))

    def bulk_inquiry(self, numbers: Sequence[str]) -> bytes:
        """Write a signed inquiry by number about many people."""
        return self.post(
            next(self._offices), "/v1/inquiries/bulk", TERMS | {"people": [_searched(one) for one in numbers]}
        )

    def floor(self, key: bytes, size: int) -> bytes:
        """Write a request to the floor: it looks ``key`` up and writes ``size`` bytes."""
        return http("POST", "/floor", (("content-type", "application/octet-stream"),), key.ljust(size, b"\0"))


def _searched(number: str) -> dict[str, Any]:
    return {"search": {"by": "individual-number", "individual_number": number}}
