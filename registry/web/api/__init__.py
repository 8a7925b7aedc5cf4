"""The signed interface for machines: missions' gateways, municipal agents, agencies."""
