"""What is counted, for Prometheus. Labels are from closed lists: no code of a person, no address, no free text."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

METRICS: Final = CollectorRegistry()
"""A collector of our own, so that nothing else on the process is exported by accident."""

REQUESTS: Final = Counter(
    "registry_requests", "Requests answered, by route and status", ["route", "status"], registry=METRICS
)
SECONDS: Final = Histogram("registry_request_seconds", "Time from request to answer", ["route"], registry=METRICS)
REFUSED_AT_THE_DOOR: Final = Counter(
    "registry_refused_at_the_door", "Requests whose sender could not be identified", ["code"], registry=METRICS
)
RATE_LIMITED: Final = Counter(
    "registry_rate_limited", "Requests of known callers turned away for their pace", ["body_kind"], registry=METRICS
)
UNREAD: Final = Counter(
    "registry_unread", "Requests whose connection was ended before all of them was sent", registry=METRICS
)
ALARMS: Final = Counter(
    "registry_caller_alarms",
    "Suspicions raised by how a caller asks; one alarm may hold several",
    ["suspicion"],
    registry=METRICS,
)
NARROWED: Final = Gauge(
    "registry_callers_narrowed", "Callers that may ask only narrowly until people lift it", registry=METRICS
)
STAMPED: Final = Gauge("registry_stamped", "Submissions stamped so far, by whatever process", registry=METRICS)
SEQUENCED: Final = Gauge(
    "registry_log_sequenced", "Entries of the log of disclosures that have their place", registry=METRICS
)
COSIGNED_AT: Final = Gauge(
    "registry_log_cosigned_at_seconds", "When a witness last cosigned the log (Unix time)", registry=METRICS
)
KNOWN_UNTIL: Final = Gauge(
    "registry_known_until_seconds", "The moment up to which everything is stamped (Unix time)", registry=METRICS
)
"""These four are read from the database when they are asked for: the sequencer may be another process."""
