"""The style of every page. Text has a contrast of 4.5 to 1 at least in both schemes: tests/unit/test_page_layout.py."""

from bridge.web.brand import DARK_CARD, LIGHT_CARD, Brand

LIGHT = {"page": "#f3f4f6", "card": LIGHT_CARD, "text": "#1b1f27", "muted": "#545b67", "line": "#d9dce2"}
DARK = {"page": "#101318", "card": DARK_CARD, "text": "#eceef2", "muted": "#a9b1be", "line": "#343a46"}

_RULES = (
    "*{box-sizing:border-box}"
    "body{margin:0 auto;padding:0 1rem;max-width:36rem;min-height:100vh;min-height:100dvh;display:flex;"
    "flex-direction:column;background:var(--page);color:var(--text);overflow-wrap:break-word;"
    'font:1.0625rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","PingFang SC","Microsoft YaHei",'
    '"Noto Sans CJK SC",sans-serif}'
    "header{display:flex;align-items:center;gap:.75rem;padding:1.25rem .25rem;font-weight:600}"
    "header img{height:2.25rem;max-width:8rem;object-fit:contain}"
    "header p{margin:0;min-width:0}"
    "main{background:var(--card);border:1px solid var(--line);border-radius:1rem;padding:1.75rem 1.5rem}"
    "h1{margin:0 0 .75rem;font-size:1.6rem;line-height:1.25;text-wrap:balance}"
    "h2{margin:1.5rem 0 .5rem;font-size:1.0625rem}"
    "p{margin:0 0 1rem}"
    "ul{margin:0 0 1.25rem;padding-inline-start:1.25rem}"
    "li{margin:.25rem 0}"
    "main>:last-child{margin-bottom:0}"
    ".mark{width:3rem;height:3rem;display:block;margin:0 0 1rem;fill:none;stroke:currentColor;stroke-width:2;"
    "stroke-linecap:round;stroke-linejoin:round}"
    "form{margin:1.5rem 0 1rem}"
    "button{font:inherit;font-weight:600;min-height:3rem;width:100%;padding:.6rem 1.25rem;border-radius:.75rem;"
    "cursor:pointer;border:2px solid var(--edge);background:var(--accent);color:var(--on-accent)}"
    "button.second{background:none;border-color:var(--muted);color:var(--text)}"
    "a{color:inherit;text-underline-offset:.2em}"
    ":focus-visible{outline:3px solid var(--text);outline-offset:3px;border-radius:.4rem}"
    "button:focus-visible{border-radius:.75rem}"
    "[hidden]{display:none}"
    ".small{color:var(--muted);font-size:.9375rem}"
    "time{font-variant-numeric:tabular-nums;white-space:nowrap}"
    ".qr{display:block;width:min(100%,17rem);margin:1.25rem auto;border-radius:.75rem;border:1px solid var(--line)}"
    "label{display:block;font-weight:600}"
    "input{font:inherit;font-size:1rem;width:100%;min-height:3rem;margin:.25rem 0 .75rem;padding:.5rem .75rem;"
    "color:var(--text);background:var(--page);border:1px solid var(--muted);border-radius:.75rem}"
    ".pulse{display:block;height:.25rem;margin:1.25rem 0 0;border-radius:1rem;background:var(--muted)}"
    "@media(prefers-reduced-motion:no-preference){.pulse{animation:pulse 1.6s ease-in-out infinite alternate}"
    "@keyframes pulse{from{opacity:.2}}}"
    "footer{margin-top:auto;padding:1.25rem .25rem;font-size:.9375rem}"
    "footer a{display:inline-block;padding:.5rem 0}"
    "@media(min-width:36rem){header{padding-top:3rem}main{padding:2.25rem}}"
    "@media print{body{min-height:0}}"
)


def style(brand: Brand) -> str:
    """The style sheet in this brand's colour."""
    accent = {"accent": brand.accent, "on-accent": brand.on_accent}
    light, dark = accent | LIGHT | {"edge": _edge(brand, LIGHT)}, DARK | {"edge": _edge(brand, DARK)}
    return (
        f":root{{color-scheme:light dark;{_variables(light)}}}"
        f"@media(prefers-color-scheme:dark){{:root{{{_variables(dark)}}}}}{_RULES}"
    )


def _edge(brand: Brand, scheme: dict[str, str]) -> str:
    """The border of the button: it shows where the button is if its own colour does not."""
    return brand.accent if brand.stands_out_on(scheme["card"]) else scheme["muted"]


def _variables(values: dict[str, str]) -> str:
    return ";".join(f"--{name}:{value}" for name, value in values.items())
