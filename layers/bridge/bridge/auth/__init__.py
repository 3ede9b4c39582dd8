"""Callers' credentials: API keys, and access tokens of an identity provider."""
