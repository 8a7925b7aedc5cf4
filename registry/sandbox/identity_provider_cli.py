"""``registry sandbox identity-provider init`` and ``serve``: what it needs in a folder, and the process."""

import asyncio
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import uvicorn
from cyclopts import Parameter
from cyclopts.types import ExistingDirectory
from joserfc.jwk import ECKey

from registry.command_line import FAILED, told
from registry.contract.keys import Algorithm, SigningKey
from registry.domain.account import OF_BODIES, Role
from registry.domain.disclosure import BodyKind
from registry.domain.sign_in import Level
from registry.running import say, stop
from registry.sandbox.identity_provider import Client, IdentityProvider
from registry.sandbox.identity_provider_pages import make_app
from registry.sandbox.line import HOST
from registry.sandbox.personas import ACR

NAME: Final = "sandbox"
"""The provider's name at the registry and at gateways."""
REGISTRY: Final = "registry"
GATEWAY: Final = "gateway"
"""What the two clients are called at the provider; every gateway of the sandbox is the same client."""
PROVIDERS: Final = "providers.toml"
GATEWAY_PROVIDERS: Final = "gateway-providers.toml"
_PRIVATE: Final = 0o600

OF_MISSIONS: Final = tuple(role for role, kind in OF_BODIES.items() if kind is BodyKind.MISSION)

Folder = Annotated[
    Path, Parameter(help=told("Where to write what both sides need.", "双方が使うファイルを書き出すフォルダー。"))
]
Made = Annotated[
    ExistingDirectory, Parameter(help=told("The folder that init wrote.", "init が書き出したフォルダー。"))
]
RegistryUrl = Annotated[
    str, Parameter(help=told("The address of the registry (REGISTRY_PUBLIC_URL).", "登録システムの URL。"))
]
GatewayUrls = Annotated[
    tuple[str, ...],
    Parameter(
        name="--gateway-url",
        negative="",
        help=told(
            "The address of the console of a mission's gateway; may be given several times.",
            "在外公館ゲートウェイの画面の URL。複数指定できる。",
        ),
    ),
]
Port = Annotated[
    int, Parameter(help=told("Where the provider listens, on this machine only.", "待ち受けるポート(この機械のみ)。"))
]


def init(folder: Folder, *, port: Port = 8420) -> None:
    """Write the keys of registry and gateways, and the file of providers of either."""
    _refuse_production()
    make(folder, port)
    say.print(f"Next: REGISTRY_PROVIDERS={folder / PROVIDERS} registry serve")
    say.print(f"and   EMBASSY_GATEWAY_PROVIDERS={folder / GATEWAY_PROVIDERS} embassy-gateway serve")


def serve(
    folder: Made,
    *,
    registry_url: RegistryUrl = "http://127.0.0.1:8400",
    gateway_url: GatewayUrls = ("http://127.0.0.1:8470",),
    port: Port = 8420,
) -> None:
    """Serve until Ctrl-C. Who signed in is forgotten at the end."""
    _refuse_production()
    try:
        clients = clients_of(folder, registry_url, gateway_url)
    except (OSError, ValueError) as error:
        stop(f"{folder} is not what init writes: {error}", FAILED)
    provider = IdentityProvider(issuer_at(port), clients, lambda: datetime.now(UTC))
    say.print(f"Playing the identity provider at {provider.issuer} until Ctrl-C.")
    config = uvicorn.Config(make_app(provider), host=HOST, port=port, log_config=None, access_log=False)
    asyncio.run(uvicorn.Server(config).serve())


def make(folder: Path, port: int) -> Path:
    """Write what all sides need; return the registry's file of providers."""
    folder.mkdir(parents=True, exist_ok=True)
    for client, file, roles in ((REGISTRY, PROVIDERS, tuple(Role)), (GATEWAY, GATEWAY_PROVIDERS, OF_MISSIONS)):
        key = SigningKey.generate(NAME, Algorithm.ECDSA_P256)
        private = folder / f"{client}.pem"
        private.touch(mode=_PRIVATE)
        private.write_bytes(key.to_pem())
        (folder / f"{client}.pub.pem").write_bytes(key.verifying.to_pem())
        (folder / file).write_text(_written(client, roles, port), encoding="utf-8")
    return folder / PROVIDERS


def clients_of(folder: Path, registry_url: str, gateway_urls: Iterable[str] = ()) -> tuple[Client, ...]:
    """Return registry and gateways as the provider knows them; a gateway asks the registry on behalf of its clerks."""
    gateways = tuple(gateway_urls)
    return (
        Client(
            client_id=REGISTRY,
            key=ECKey.import_key((folder / f"{REGISTRY}.pub.pem").read_bytes()),
            redirect_uris=frozenset({f"{registry_url}/sign-in/{NAME}/back"}),
            signed_out_uris=frozenset({f"{registry_url}/signed-out"}),
        ),
        Client(
            client_id=GATEWAY,
            key=ECKey.import_key((folder / f"{GATEWAY}.pub.pem").read_bytes()),
            redirect_uris=frozenset(f"{one}/console/sign-in/{NAME}/back" for one in gateways),
            signed_out_uris=frozenset(f"{one}/console/signed-out" for one in gateways),
            may_ask_for=frozenset({REGISTRY}),
        ),
    )


def issuer_at(port: int) -> str:
    """Return the issuer of a provider that listens on a port of this machine."""
    return f"http://{HOST}:{port}"


def _written(client: str, believed: Iterable[Role], port: int) -> str:
    roles = ", ".join(f'"{role}"' for role in believed)
    audience = f'audience = "{REGISTRY}"\n' if client == GATEWAY else ""
    return f"""[[provider]]
name = "{NAME}"
label = "試験環境"
label_en = "Sandbox"
issuer = "{issuer_at(port)}"
client_id = "{client}"
key = "{client}.pem"
{audience}roles = [{roles}]
acr = {{ jpki = ["{ACR[Level.JPKI]}"], password = ["{ACR[Level.PASSWORD]}"] }}
"""


def _refuse_production() -> None:
    if os.environ.get("REGISTRY_ENV") == "production":
        stop("nobody signs in without a password in production", FAILED)
