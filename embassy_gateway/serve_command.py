"""``serve``, apart from the other commands: only it needs the web framework, and waits for it."""

from embassy_gateway import web
from embassy_gateway.commands import guarded

serve = guarded(web.serve)
"""Take reports in over HTTP on this machine until SIGINT or SIGTERM; returns the exit code."""
