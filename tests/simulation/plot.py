"""An SVG chart of the vendor calls per minute."""

from collections.abc import Sequence

from tests.sandbox.vendor.limit import RATE_LIMIT_PER_MINUTE as RATE_LIMIT

_WIDTH, _HEIGHT = 960, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 16, 40, 44


def svg(calls: Sequence[int], *, title: str, outage: tuple[float, float] | None = None) -> str:
    """`calls` are by minute; `outage` is in minutes from the first."""
    minutes = max(len(calls), 1)
    wide, high = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
    most = max(RATE_LIMIT * 1.1, *calls) if calls else RATE_LIMIT

    def x(minute: float) -> float:
        return _LEFT + wide * minute / minutes

    def y(count: float) -> float:
        return _TOP + high * (1 - count / most)

    points = " ".join(f"{x(i):.1f},{y(count):.1f} {x(i + 1):.1f},{y(count):.1f}" for i, count in enumerate(calls))
    marks = range(0, minutes + 1, 60)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" '
        'font-size="12" fill="#333">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        f'<text x="{_LEFT}" y="22" font-size="15">{title}</text>',
    ]
    if outage:
        begins, ends = (min(minute, minutes) for minute in outage)
        parts += [
            f'<rect x="{x(begins):.1f}" y="{_TOP}" width="{x(ends) - x(begins):.1f}" height="{high}" fill="#f3e3e0"/>',
            f'<text x="{x(begins) + 6:.1f}" y="{_TOP + high / 2:.0f}" fill="#9a4a3c">the vendor is out of reach</text>',
        ]
    parts += [
        f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y(RATE_LIMIT):.1f}" y2="{y(RATE_LIMIT):.1f}" stroke="#9a4a3c" '
        'stroke-dasharray="5 4"/>',
        f'<text x="{_LEFT - 8}" y="{y(RATE_LIMIT) + 4:.1f}" text-anchor="end">{RATE_LIMIT}</text>',
        f'<text x="{_LEFT - 8}" y="{y(0) + 4:.1f}" text-anchor="end">0</text>',
        f'<polyline points="{x(0):.1f},{y(0):.1f} {points} {x(minutes):.1f},{y(0):.1f}" fill="#cfe0ee" '
        'stroke="#2f6690"/>',
        *(f'<text x="{x(m):.1f}" y="{_HEIGHT - 22}" text-anchor="middle">{m // 60} h</text>' for m in marks),
        f'<text x="{_WIDTH - _RIGHT}" y="{_HEIGHT - 6}" text-anchor="end">calls of the vendor in each minute</text>',
        "</svg>",
    ]
    return "\n".join(parts) + "\n"
