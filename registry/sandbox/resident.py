"""電子届出: a resident signs in, signs a 変更届 with their card, and has the registry's signed receipt for it."""

import re
from datetime import date
from typing import Any, Final
from urllib.parse import urljoin
from uuid import uuid4
from zoneinfo import ZoneInfo

import anyio
import httpx

from registry.contract.decoding import decode, encode
from registry.contract.evidence import verify_receipt
from registry.contract.messages import IDEMPOTENCY_HEADER, RECEIPT_HEADER, Receipt
from registry.domain.sign_in import Level
from registry.jpki.authenticator import sign_application
from registry.sandbox.identity_provider_cli import NAME
from registry.sandbox.personas import ACR
from registry.sandbox.programs import ProgramFailed
from registry.sandbox.questions import MISSION
from registry.sandbox.stage import Stage

PERSONA: Final = "resident"
_FORM: Final = re.compile(r'action="(/authorize/[^"]+)"')
_NEW_YORK: Final = ZoneInfo("America/New_York")


def reported_by_himself(stage: Stage) -> dict[str, Any]:
    """Let the resident report that he has moved; return what his receipt says, once it is verified."""
    on = anyio.run(stage.asker.now).astimezone(_NEW_YORK).date()
    with httpx.Client(base_url=stage.address, trust_env=False, timeout=20) as http:
        own = {"cookie": _signed_in(http), "content-type": "application/json"}
        given = _good(http.post("/me/application-challenges", headers=own)).json()
        application = encode(_moved(on)).decode()
        signature = sign_application(stage.card, application.encode(), origin=given["origin"], nonce=given["nonce"])
        body = encode({"application": application, "signature": signature})
        answer = _good(http.post("/me/applications", content=body, headers=own | {IDEMPOTENCY_HEADER: uuid4().hex}))
    key = stage.registry_key
    verify_receipt(answer.content, answer.headers[RECEIPT_HEADER], {key.key_id: key}.get)
    receipt = decode(answer.content, Receipt)
    (himself,) = receipt.people
    return {"state": receipt.state, "link": himself.link, "confirmed": himself.confirmed}


def _signed_in(http: httpx.Client) -> str:
    """Sign in at level ① and return the cookie of the session; the browser's own way, step by step."""
    begun = _good(http.get(f"/sign-in/{NAME}", params={"level": str(Level.JPKI)}))
    at_provider = _good(http.get(begun.headers["location"]))
    form = _FORM.search(at_provider.text)
    chosen = {"persona": PERSONA, "acr": ACR[Level.JPKI]}
    back = _good(http.post(urljoin(begun.headers["location"], form[1] if form else ""), data=chosen))
    opened = _good(http.get(back.headers["location"], headers={"cookie": _cookie(begun)}))
    return _cookie(opened)


def _cookie(answer: httpx.Response) -> str:
    return str(answer.headers.get_list("set-cookie")[0].partition(";")[0])


def _good(answer: httpx.Response) -> httpx.Response:
    if answer.status_code >= httpx.codes.BAD_REQUEST:
        raise ProgramFailed(f"the resident was refused: {answer.request.url.path} gave {answer.status_code}")
    return answer


def _moved(on: date) -> dict[str, Any]:
    """Return the 変更届: who he is as his certificate and 戸籍 say, and where he lives now."""
    return {
        "kind": "change",
        "mission": MISSION,
        "effective": on.isoformat(),
        "notified_on": on.isoformat(),
        "people": [
            {
                "name": {"surname": "小林", "given": "誠", "surname_kana": "コバヤシ", "given_kana": "マコト"},
                "birth_date": "1979-12-11",
                "sex": "male",
                "honseki": {"text": "長野県松本市丸の内9番地"},
            }
        ],
        "address_abroad": {
            "country": "US",
            "subdivision": "New York",
            "city": "Yonkers",
            "lines": ["31 Sample Terrace"],
            "postcode": "10701",
            "kana": "アメリカ合衆国ニューヨーク州ヨンカーズ",
        },
    }
