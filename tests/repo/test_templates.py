"""What stands in a page is text: templates escape by themselves, and none of them says otherwise (OWASP ASVS 1.2.1)."""

import re
from pathlib import Path

import pytest

from embassy_gateway.console import frame as console_frame
from registry.web.pages import frame as registry_frame

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted(
    path for package in ("registry", "embassy_gateway") for path in (ROOT / package).rglob("*/templates/*")
)
FRAMES = {"registry": registry_frame, "gateway": console_frame}
PLANTED = "\"'><script>alert(1)</script>&"


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_whatever_is_shown_is_escaped_in_text_and_in_an_attribute(frame):
    shown = frame._templates.from_string('<p title="{{ it }}">{{ it }}</p>').render(it=PLANTED)
    escaped = "&#34;&#39;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;"
    assert shown == f'<p title="{escaped}">{escaped}</p>'


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_template_takes_the_escaping_off_or_leaves_an_attribute_without_quotation_marks(path):
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"\|\s*safe|autoescape|Markup|<script|\son\w+=|\sstyle=", text) == []
    assert re.findall(r"\s[a-z-]+=\{\{", text) == []
