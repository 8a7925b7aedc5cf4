"""The settings of a patient are read whatever they are, and every setting that the program reads is known."""

import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from registry.doctor import settings
from registry.doctor.patient import KNOWN, REQUIRED, Patient

ROOT = Path(__file__).parents[2]
NAMES = st.sampled_from([*sorted(KNOWN), "REGISTRY_", "REGISTRY_DNS", "PATH"])
VALUES = st.one_of(
    st.text(), st.sampled_from(["", "8400", "-1", "production", "https://[", "postgresql://a/b", "//@:"])
)


@given(st.dictionaries(NAMES, VALUES))
def test_no_environment_is_too_odd_to_be_examined(environment):
    patient = Patient.read(environment)
    for check in settings.CHECKS:
        list(check(patient))
    assert patient.missing <= set(REQUIRED)
    assert not patient.has("REGISTRY_DSN") or patient.settings.dsn == environment["REGISTRY_DSN"]


def test_every_setting_that_the_registry_reads_is_known():
    named = {
        name
        for file in (ROOT / "registry").rglob("*.py")
        for name in re.findall(r"(?<![A-Z_])REGISTRY_[A-Z]+(?:_[A-Z]+)*\b(?!_)", file.read_text(encoding="utf-8"))
    }
    assert named == KNOWN
