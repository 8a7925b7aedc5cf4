"""OpenID Connect as relying party: which providers there are, the line to each, and what makes an ID token believed."""
