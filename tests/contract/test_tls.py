"""A line goes to nobody whose certificate no authority vouches for (OWASP ASVS 12.3.2)."""

import ssl
from asyncio import start_server
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from joserfc.jwk import ECKey

from registry.contract.client import LineDown, SignedClient
from registry.contract.keys import SigningKey
from registry.contract.openid.line import ProviderLine
from registry.contract.openid.providers import Provider
from registry.contract.openid.refusals import ProviderAway
from registry.domain.sign_in import Level

pytestmark = pytest.mark.anyio

HOST = "127.0.0.1"
NOW = datetime.now(UTC)


def self_signed(folder):
    """A certificate for this machine, of its own signature; right in everything but that nobody knows it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, NOW - timedelta(days=1), NOW + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "both.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(secret + certificate.public_bytes(serialization.Encoding.PEM))
    return file


@asynccontextmanager
async def server(folder, heard):
    """A server behind that certificate; ``heard`` gets each first line that somebody trusted it with."""

    async def answer(reader, writer):
        heard.append(await reader.readline())
        writer.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(folder))
    async with await start_server(answer, HOST, 0, ssl=context) as listening:
        yield f"https://{HOST}:{listening.sockets[0].getsockname()[1]}"


def registry_at(url, transport=None):
    return SignedClient(
        url,
        signing_key=SigningKey.generate("gateway"),
        registry_keys={},
        clock=lambda: NOW,
        nonce=lambda: "n" * 22,
        transport=transport,
    )


async def test_nothing_is_sent_to_a_registry_whose_certificate_nobody_vouches_for(tmp_path):
    heard = []
    async with server(tmp_path, heard) as url, registry_at(url) as client:
        with pytest.raises(LineDown):
            await client.get("/v1/grants")
    assert heard == []


async def test_it_is_sent_where_that_certificate_is_trusted(tmp_path):
    heard = []
    async with server(tmp_path, heard) as url:
        trusting = ssl.create_default_context(cafile=str(tmp_path / "both.pem"))
        async with registry_at(url, httpx.AsyncHTTPTransport(verify=trusting)) as client:
            with pytest.raises(LineDown):  # the 503 of the server above
                await client.get("/v1/grants")
    assert heard == [b"GET /v1/grants HTTP/1.1\r\n"]


async def test_no_identity_provider_is_believed_behind_such_a_certificate(tmp_path):
    heard = []
    async with server(tmp_path, heard) as url:
        key = ECKey.generate_key("P-256", {"kid": "client"})
        provider = Provider(
            name="idp",
            label="提供者",
            label_en="Provider",
            issuer=url,
            client_id="registry",
            key=key,
            roles=frozenset(),
            levels={"urn:level": Level.PASSWORD},
        )
        async with ProviderLine(provider, new_id=str) as line:
            with pytest.raises(ProviderAway):
                await line.metadata()
    assert heard == []
