"""``registry sandbox identity-provider init`` and ``serve``: what it needs in a folder, and the process."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import uvicorn
from cyclopts import Parameter
from cyclopts.types import ExistingDirectory
from joserfc.jwk import ECKey

from registry.command_line import FAILED, told
from registry.contract.keys import Algorithm, SigningKey
from registry.domain.account import Role
from registry.domain.sign_in import Level
from registry.running import say, stop
from registry.sandbox.identity_provider import Client, IdentityProvider
from registry.sandbox.identity_provider_pages import make_app
from registry.sandbox.line import HOST
from registry.sandbox.personas import ACR

NAME: Final = "sandbox"
"""The provider's name at the registry, and the registry's at the provider."""
PROVIDERS: Final = "providers.toml"
_KEY: Final = "client.pem"
_PUBLIC: Final = "client.pub.pem"
_PRIVATE: Final = 0o600

Folder = Annotated[
    Path, Parameter(help=told("Where to write what both sides need.", "双方が使うファイルを書き出すフォルダー。"))
]
Made = Annotated[
    ExistingDirectory, Parameter(help=told("The folder that init wrote.", "init が書き出したフォルダー。"))
]
RegistryUrl = Annotated[
    str, Parameter(help=told("The address of the registry (REGISTRY_PUBLIC_URL).", "登録システムの URL。"))
]
Port = Annotated[
    int, Parameter(help=told("Where the provider listens, on this machine only.", "待ち受けるポート(この機械のみ)。"))
]


def init(folder: Folder, *, port: Port = 8420) -> None:
    """Write the registry's key and its file of providers."""
    _refuse_production()
    make(folder, port)
    say.print(f"Next: REGISTRY_PROVIDERS={folder / PROVIDERS} registry serve")


def serve(folder: Made, *, registry_url: RegistryUrl = "http://127.0.0.1:8400", port: Port = 8420) -> None:
    """Serve until Ctrl-C. Who signed in is forgotten at the end."""
    _refuse_production()
    try:
        client = client_of(folder, registry_url)
    except (OSError, ValueError) as error:
        stop(f"{folder} is not what init writes: {error}", FAILED)
    provider = IdentityProvider(issuer_at(port), client, lambda: datetime.now(UTC))
    say.print(f"Playing the identity provider at {provider.issuer} until Ctrl-C.")
    config = uvicorn.Config(make_app(provider), host=HOST, port=port, log_config=None, access_log=False)
    asyncio.run(uvicorn.Server(config).serve())


def make(folder: Path, port: int) -> Path:
    """Write what both sides need; return the registry's file of providers."""
    folder.mkdir(parents=True, exist_ok=True)
    key = SigningKey.generate(NAME, Algorithm.ECDSA_P256)
    private = folder / _KEY
    private.touch(mode=_PRIVATE)
    private.write_bytes(key.to_pem())
    (folder / _PUBLIC).write_bytes(key.verifying.to_pem())
    providers = folder / PROVIDERS
    providers.write_text(_written(port), encoding="utf-8")
    return providers


def client_of(folder: Path, registry_url: str) -> Client:
    """Return the registry as the provider knows it."""
    return Client(
        client_id="registry",
        key=ECKey.import_key((folder / _PUBLIC).read_bytes()),
        redirect_uris=frozenset({f"{registry_url}/sign-in/{NAME}/back"}),
        signed_out_uris=frozenset({f"{registry_url}/signed-out"}),
    )


def issuer_at(port: int) -> str:
    """Return the issuer of a provider that listens on a port of this machine."""
    return f"http://{HOST}:{port}"


def _written(port: int) -> str:
    roles = ", ".join(f'"{role}"' for role in Role)
    return f"""[[provider]]
name = "{NAME}"
label = "試験環境"
label_en = "Sandbox"
issuer = "{issuer_at(port)}"
client_id = "registry"
key = "{_KEY}"
roles = [{roles}]
acr = {{ jpki = ["{ACR[Level.JPKI]}"], password = ["{ACR[Level.PASSWORD]}"] }}
"""


def _refuse_production() -> None:
    if os.environ.get("REGISTRY_ENV") == "production":
        stop("nobody signs in without a password in production", FAILED)
