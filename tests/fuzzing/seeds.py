"""Where the fuzzer begins: good inputs from the samples and the tests, and words that it would never guess."""

from pathlib import Path

from registry.contract.decoding import encode
from registry.contract.messages import Delivery
from tests import builders
from tests.embassy_gateway import mission
from tests.embassy_gateway.batch import tables
from tests.fuzzing import letters, targets
from tests.municipality_sync.agent import extracts

SAMPLES = Path(__file__).parents[2] / "registry" / "sandbox" / "samples"
DATES = (
    *(
        "1985-03-07",
        "1985-03-00",
        "0000-00-00",
        "1985/3/7",
        "19850307",
        "1985",
        "２０２３年４月１日",
        "1985-03-01/1985-03-09",
    ),
    *(
        "昭和60年3月7日",
        "昭60.3.7",
        "S60.3.7",
        "明治45.7.30",
        "大正15.12.25",
        "平成元年",
        "平成31年6月1日",
        "令和六年十二月三十一日",
    ),
    *("年月日不詳", "昭和60年月日不詳", "昭和60年3月日不詳", "昭和60年3月不詳", "昭和60年頃", "推定昭和60年3月7日頃"),
    *(
        "昭和60年3月7日から10日までの間",
        "昭和60年2月29日",
        "3600307",
        "S600307",
        "20230399",
        "99999999",
        "2023-04-01T00:00",
    ),
)
NUMBERS = (
    *("123456789018", "1234-5678-9018", "１２３４　５６７８　９０１８", "123456789050", "1234567", "10"),
    *("12345678938", "24727059608", "12345678946"),
)
ROWS = [extracts.row(one, history, 事由=reason) for one in (1, 2) for history, reason in ((1, "10"), (2, "21"))]
PLAIN = extracts.TOML.encode()
OTHER = (
    extracts.TOML.replace('encoding = "cp932"', "").replace('unknown_part = "99"', "").encode()
    + '[eras]\n3 = "昭和"\n'.encode()
)
WORDS = {
    "extract": [*DATES, "〓", "=1+1", "&#x20BB7;", '"', "\r\n", "\x1a", "131024", "JPN", "21", "20", "　", ",", "\t"],
    "batch": [
        *DATES,
        "在留届",
        "帰国届",
        "変更届",
        "JP",
        "GB",
        '="1"',
        "#1",
        "# ",
        "#REF!",
        "\r\n",
        "+1 212",
        "永住",
        ",",
    ],
    "messages": [
        '"people":[',
        '"records":[',
        '"lines":[',
        "\\ud800",
        "\\u0000",
        "1e999",
        "NaN",
        "null",
        "{",
        "}",
        *DATES,
    ],
    "values": [
        "年",
        "月",
        "日",
        "不詳",
        "頃",
        "推定",
        "から",
        "まで",
        "の間",
        "元",
        "十",
        "ごろ",
        "西暦",
        "－",
        "①",
        "٣",
        "\ud840",
    ],
    "signatures": ["Signature-Input:", "Signature:", "Content-Digest:", ";req", ';tag="registry-request"', ";created="],
    "evidence": ['"crit":["b64"]', '"b64":false', '"previous":', '"sequence":', "..", "=", "\\u0000"],
    "maps": [
        "[columns]",
        "[reasons]",
        '"*"',
        "'''",
        '"""',
        "{",
        "[[",
        ".",
        "\\U0001F600",
        "1979-05-27T07:32:00Z",
        "inf",
        "0x",
    ],
}


def seeds():
    """Good inputs of each target by its name."""
    reports = [path.read_bytes() for path in sorted((SAMPLES / "reports").glob("*.json"))]
    sample = (SAMPLES / "layout-131016.toml").read_bytes()
    orrnet = (SAMPLES / "reports-csv" / "orrnet.toml").read_bytes()
    return {
        "extract": [
            sample + targets.BETWEEN + (SAMPLES / "removed-131016.csv").read_bytes(),
            PLAIN + targets.BETWEEN + extracts.extract(*ROWS),
            OTHER + targets.BETWEEN + extracts.extract(*ROWS, encoding="utf-8-sig").replace(b",", b"\t"),
            *(
                OTHER + targets.BETWEEN + extracts.extract(extracts.row(生年月日=one), encoding="utf-8")
                for one in DATES
            ),
        ],
        "batch": [
            targets.BETWEEN + tables.form(tables.head(1), tables.child(1), tables.spouse(1), tables.head(2)),
            tables.MAP.encode() + targets.BETWEEN + tables.export({}, {"relation": "妻"}),
            targets.BETWEEN + (SAMPLES / "reports-csv" / "batch.csv").read_bytes(),
            orrnet + targets.BETWEEN + (SAMPLES / "reports-csv" / "orrnet-export.csv").read_bytes(),
        ],
        "messages": [
            b"\x00" + mission.text(mission.report()),
            *(b"\x00" + one.replace(b'"nationality": "JP",', b"") for one in reports),
            b"\x01" + encode(builders.removed_record()),
            b"\x02" + encode(Delivery(extract_id="extract-1", part=1, records=(builders.removed_record(),))),
        ],
        "values": [one.encode() for one in (*DATES, *NUMBERS)],
        "signatures": [
            *(letters.written(f"{one.method} {one.url}", one.headers, one.body) for one in letters.REQUESTS),
            letters.written("201", letters.SIGNED_ANSWER.headers, letters.SIGNED_ANSWER.body),
        ],
        "evidence": [
            b"E" + letters.EVIDENCE.evidence.encode(),
            b"R" + letters.EVIDENCE.receipt.encode(),
            b"F" + letters.from_base64url(letters.EVIDENCE.evidence.partition(".")[0]),
        ],
        "maps": [b"L" + one for one in (sample, PLAIN, OTHER)] + [b"M" + one for one in (orrnet, tables.MAP.encode())],
    }


def dictionary(name):
    """The words of a target in the form that libFuzzer reads, in the encodings that its files may have."""
    found = {word.encode(encoding, "ignore") for word in WORDS[name] for encoding in ("utf-8", "cp932")}
    quoted = ("".join(rf"\x{byte:02x}" for byte in word) for word in sorted(found) if word)
    return "".join(f'"{word}"\n' for word in quoted)
