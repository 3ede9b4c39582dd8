"""The layout of the sandbox's HTML pages. It has no script, loads nothing, and follows the browser's colour scheme."""

from html import escape
from typing import Final

_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --line: #8886; --bad: #b3261e; --bad-back: #b3261e1a }}
@media (prefers-color-scheme: dark) {{ :root {{ --bad: #f2b8b5; --bad-back: #f2b8b51a }} }}
body {{ font: 1.1rem/1.5 system-ui, sans-serif; max-width: 38rem; margin: 2rem auto; padding: 0 1rem }}
button, select {{ font: inherit; padding: .4rem .8rem; max-width: 100% }}
.banner {{ border-bottom: 1px solid var(--line); padding-bottom: .5rem; opacity: .8 }}
.error {{ color: var(--bad); background: var(--bad-back); border-left: .3rem solid; padding: .5rem .8rem }}
h1.error {{ font-size: 1.4rem }}
fieldset {{ border: 1px solid var(--line); margin: 0 0 .8rem; padding: .3rem .8rem .5rem; min-width: 0 }}
.all-at-once button {{ margin: .2rem .3rem .2rem 0 }}
summary {{ cursor: pointer }}
code {{ overflow-wrap: anywhere }}
</style>
</head>
<body>
<main>
<p class="banner">{banner}</p>
{heading}
{content}
</main>
</body>
</html>
"""


def page(title: str, content: str, *, banner: str, is_error: bool = False) -> str:
    """Returns a whole page. `content` is HTML, the other texts are plain."""
    # A heading with this role would no longer be a heading.
    heading = '<div role="alert"><h1 class="error">{}</h1></div>' if is_error else "<h1>{}</h1>"
    return _PAGE.format(
        title=escape(title), content=content, banner=escape(banner), heading=heading.format(escape(title))
    )
