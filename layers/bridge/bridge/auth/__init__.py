"""Credentials of callers: API keys, and access tokens of an identity provider."""
