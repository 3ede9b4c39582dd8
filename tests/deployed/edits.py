"""Changes of sources that a caller can see, for tests of updates."""

from typing import NamedTuple


class Edit(NamedTuple):
    """Replaces `old` by `new` in the file at `path`, which has it once."""

    path: str
    old: str
    new: str

    def apply(self, source: str) -> str:
        if source.count(self.old) != 1:
            raise ValueError(f"{self.path} has {self.old!r} {source.count(self.old)} times")
        return source.replace(self.old, self.new)


NEW_CODE = Edit("functions/about/app.py", '{"status": "ok"}', '{"status": "ok", "release": "new"}')
NEW_LAYER = Edit(
    "layers/bridge/bridge/web/responses.py",
    '"Cache-Control": "no-store", **',
    '"Cache-Control": "no-cache", **',
)
# The JWT layer has no code of its own. This line simulates a release of PyJWT that ignores scopes.
_LINE = 'decode = lambda *a, **k: {**api_jwt.decode(*a, **k), "scope": ""}'
_RECIPE = f"""\techo '{_LINE}' >>"$(ARTIFACTS_DIR)/python/jwt/__init__.py"\n"""
NEW_JWT_LAYER = Edit("layers/jwt/Makefile", "\tfind ", f"{_RECIPE}\tfind ")
