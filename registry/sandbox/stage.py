"""The stage of the demo: PostgreSQL, the registry, the line, the gateways of two missions, the keys of everybody."""

import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import Popen
from typing import Final

import anyio
from rich.console import Console

from registry import witness_cli
from registry.contract.keys import SigningKey, VerifyingKey
from registry.contract.openid.providers import Provider, read_providers
from registry.domain.question import J_LIS
from registry.sandbox import identity_provider_cli
from registry.sandbox.asking import Asker
from registry.sandbox.jpki.card import FIRST_PINS, Card, issue
from registry.sandbox.jpki.cast import cast
from registry.sandbox.jpki.office import GENERATIONS, PINNED, Office
from registry.sandbox.jpki.serving import serving
from registry.sandbox.line import HOST, Line
from registry.sandbox.programs import Programs, free_port, wait_until_ready
from registry.sandbox.questions import BODIES, MISSION
from registry.settings import Settings
from registry.store import callers
from registry.store.callers import RegisteredKey
from registry.store.embedded import EmbeddedServer
from registry.store.migrate import migrate
from registry.transparency.note import NoteKey
from registry.vault.keys import FileKeyProvider
from registry.wiring import LOG_KEY_ID, SIGNING_KEY_ID, own_log, resources

PRIVATE: Final = 0o600
WITNESS: Final = "witness.demo.example/w1"
RESIDENT: Final = "kobayashi-makoto"
"""Who has a card, as the cast names him."""


class Stage:
    """Everything that runs while the story is told; ended with the stack given to it.

    ``postgres`` are settings that go over those of the embedded server.
    """

    def __init__(
        self, folder: Path, stack: ExitStack, console: Console, *, postgres: Mapping[str, str] | None = None
    ) -> None:
        self.folder = folder
        self._console = console
        self._said(f"clearing {folder}")
        shutil.rmtree(folder, ignore_errors=True)
        self._keys_folder = folder / "keys"
        self._keys_folder.mkdir(parents=True)
        self.keys = {body: self._key(f"{body}-demo") for body in BODIES}
        self._registry_key = self._key(SIGNING_KEY_ID)
        self._key(LOG_KEY_ID)
        (folder / "registry-keys").mkdir()
        public = folder / "registry-keys" / f"{SIGNING_KEY_ID}.pem"
        public.write_bytes(self._registry_key.verifying.to_pem())
        self._said("starting PostgreSQL, issuing a card")
        beside = stack.enter_context(ThreadPoolExecutor(1))
        card = beside.submit(self._issue_card)  # its keys take as long as the server does
        self.postgres = stack.enter_context(EmbeddedServer(None, settings=postgres))
        self.programs = stack.enter_context(Programs(folder))
        port = free_port()
        self.line = stack.enter_context(Line(port))
        self.address = f"http://{HOST}:{self.line.port}"
        self.registry_settings = self._settings(self.postgres.dsn(), port)
        self.log_key = own_log(Settings.read(self.registry_settings)).key
        self._said("starting the witness of the log")
        self.witness_key = self._start_witness()
        self._gateway_port = free_port()
        clerks = self._start_identity_provider()
        self._said("migrating the schema, loading code tables, registering keys")
        anyio.run(self._prepare)
        self._said("starting registry, sequencer and gateway")
        self.card = card.result()
        stack.enter_context(serving(Office(self.folder / "jpki")))
        self.sequencer = self.start_sequencer()
        self.registry = self.start_registry()
        self.gateway = self.programs.start("gateway", ["embassy-gateway", "serve"], self.gateway_settings)
        wait_until_ready(f"{self.address}/health/ready", self.registry, folder / "registry.log")
        wait_until_ready(f"{self.gateway_address}/health", self.gateway, folder / "gateway.log")
        self.asker = Asker(
            self.address,
            self.keys,
            self._registry_key.verifying,
            clerks=clerks,
            gateway_url=self.gateway_address,
        )

    def _issue_card(self) -> Card:
        """Make an office of the sandbox's CAs, with a card for the resident of the story."""
        now, folder = datetime.now(UTC), self.folder / "jpki"
        office = Office.open_or_make(folder, f"http://{HOST}:{free_port()}", now)
        path = folder / "cards" / f"{RESIDENT}.card"
        issue(office, path, RESIDENT, cast()[RESIDENT], GENERATIONS[-1], now)
        return Card(path, FIRST_PINS.__getitem__)

    def _start_witness(self) -> NoteKey:
        """Start the process that watches the log, and let the registry know of it; return the witness's key."""
        own, port = self.folder / "witness", free_port()
        witness_key = witness_cli.make(own, WITNESS)
        command = ["registry", "witness", "serve", str(own), self.log_key.text, "--port", str(port)]
        self.programs.start("witness", command, {})
        listed = self.folder / "witnesses.txt"
        listed.write_text(f"{witness_key.text} http://{HOST}:{port}\n", encoding="utf-8")
        self.registry_settings["REGISTRY_WITNESSES"] = str(listed)
        return witness_key

    def _start_identity_provider(self) -> Provider:
        """Start the process at which people sign in, and let the registry know of it; return it as gateways do."""
        folder, port = self.folder / "identity-provider", free_port()
        self.registry_settings["REGISTRY_PROVIDERS"] = str(identity_provider_cli.make(folder, port))
        command = ["registry", "sandbox", "identity-provider", "serve", str(folder), "--port", str(port)]
        urls = ["--registry-url", self.address, "--gateway-url", self.gateway_address]
        self.programs.start("identity-provider", [*command, *urls], {})
        (provider,) = read_providers(folder / identity_provider_cli.GATEWAY_PROVIDERS, production=False)
        return provider

    def start_j_lis(self, book: Path) -> dict[str, str]:
        """Start the process that plays J-LIS with ``book``; return the settings by which the registry reaches it."""
        public, port = self.folder / f"{J_LIS}.pub.pem", free_port()
        public.write_bytes(self._key(J_LIS).verifying.to_pem())
        keys = ["--key", str(self._keys_folder / f"{J_LIS}.pem")]
        keys += ["--registry-key", str(self.folder / "registry-keys" / f"{SIGNING_KEY_ID}.pem")]
        command = ["registry", "sandbox", "jlis", "serve", str(book), *keys, "--port", str(port)]
        process = self.programs.start("j-lis", command, {})
        wait_until_ready(f"http://{HOST}:{port}/health", process, self.folder / "j-lis.log")
        return {"REGISTRY_JLIS_URL": f"http://{HOST}:{port}", "REGISTRY_JLIS_KEY": str(public)}

    def start_registry(self) -> Popen[bytes]:
        """Start the registry's process, also again after its end."""
        return self.programs.start("registry", ["registry", "serve", "--without-sequencer"], self.registry_settings)

    def start_sequencer(self) -> Popen[bytes]:
        """Start a process of the sequencer: beside another one, or again after its end."""
        return self.programs.start("sequencer", ["registry", "sequencer"], self.registry_settings)

    @property
    def registry_key(self) -> VerifyingKey:
        """The public key by which everybody knows the registry."""
        return self._registry_key.verifying

    @property
    def gateway_address(self) -> str:
        """Where the mission's own systems reach its gateway."""
        return f"http://{HOST}:{self._gateway_port}"

    @property
    def gateway_settings(self) -> dict[str, str]:
        """The environment of the programs of the mission whose gateway is served, with its console for staff."""
        providers = self.folder / "identity-provider" / identity_provider_cli.GATEWAY_PROVIDERS
        return self.gateway_settings_of(MISSION) | {"EMBASSY_GATEWAY_PROVIDERS": str(providers)}

    def gateway_settings_of(self, mission: str) -> dict[str, str]:
        """Return the environment of the gateway's programs at a mission."""
        return {
            "EMBASSY_GATEWAY_MISSION": mission,
            "EMBASSY_GATEWAY_REGISTRY_URL": self.address,
            "EMBASSY_GATEWAY_KEY": str(self._keys_folder / f"{mission}-demo.pem"),
            "EMBASSY_GATEWAY_REGISTRY_KEYS": str(self.folder / "registry-keys"),
            "EMBASSY_GATEWAY_SPOOL": str(self.folder / f"spool-{mission}.sqlite"),
            "EMBASSY_GATEWAY_SPOOL_KEY": str(self._keys_folder / f"spool-{mission}.key"),
            "EMBASSY_GATEWAY_HOST": HOST,
            "EMBASSY_GATEWAY_PORT": str(self._gateway_port),
        }

    def agent_settings_of(self, town: str) -> dict[str, str]:
        """Return the environment of a municipality's agent."""
        return {
            "MUNICIPALITY_SYNC_REGISTRY_URL": self.address,
            "MUNICIPALITY_SYNC_KEY": str(self._keys_folder / f"{town}-demo.pem"),
            "MUNICIPALITY_SYNC_REGISTRY_KEYS": str(self.folder / "registry-keys"),
            "MUNICIPALITY_SYNC_STATE": str(self.folder / f"agent-{town}"),
        }

    def _key(self, key_id: str) -> SigningKey:
        key = SigningKey.generate(key_id)
        path = self._keys_folder / f"{key_id}.pem"
        path.touch(mode=PRIVATE)
        path.write_bytes(key.to_pem())
        return key

    def _settings(self, dsn: str, port: int) -> dict[str, str]:
        FileKeyProvider.create(self._keys_folder / "registry-keys.json")
        return {
            "REGISTRY_DSN": dsn,
            "REGISTRY_KEYS": str(self._keys_folder / "registry-keys.json"),
            "REGISTRY_SIGNING_KEY": str(self._keys_folder / f"{SIGNING_KEY_ID}.pem"),
            "REGISTRY_LOG_KEY": str(self._keys_folder / f"{LOG_KEY_ID}.pem"),
            "REGISTRY_AUTHORITIES": str(self.folder / "jpki" / PINNED),
            "REGISTRY_HOST": HOST,
            "REGISTRY_PORT": str(port),
            "REGISTRY_PUBLIC_URL": self.address,
        }

    async def _prepare(self) -> None:
        """Make the schema and register everybody's public key."""
        settings = Settings.read(self.registry_settings)
        await migrate(settings.dsn)
        since = datetime.now(UTC) - timedelta(minutes=1)
        async with resources(settings, role=None, pool_size=1) as given, given.work() as work:
            for body, key in self.keys.items():
                row = RegisteredKey(
                    key_id=key.key_id,
                    body=body,
                    body_kind=BODIES[body],
                    public_key=key.verifying.to_pem(),
                    valid_from=since,
                )
                await callers.register_key(work, row)
            await work.commit()

    def _said(self, what: str) -> None:
        self._console.print(f"[dim]· {what}[/]")
