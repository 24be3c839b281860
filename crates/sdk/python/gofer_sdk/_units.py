"""Values with a unit, in their one spelling, and numbers as whole numbers of their smallest part."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Optional

_DURATION_UNITS = (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1))
_MEMORY_UNITS = (("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10))


def micros(duration: timedelta) -> int:
    """A duration in microseconds, which is as fine as Python tells time."""
    return duration // timedelta(microseconds=1)


def duration(value: timedelta) -> str:
    """Largest units first, those that are zero left out: ``1h30m``. Zero is ``0s``."""
    left = micros(value) // 1_000
    text = ""
    for unit, factor in _DURATION_UNITS:
        if left >= factor:
            text += f"{left // factor}{unit}"
            left %= factor
    return text or "0s"


def memory(count: int) -> str:
    """The largest binary unit that needs no fraction; bytes otherwise."""
    for unit, factor in _MEMORY_UNITS:
        if count >= factor and count % factor == 0:
            return f"{count // factor}{unit}"
    return f"{count}B"


def decimal(parts: int, places: int) -> str:
    """A number of thousandths or hundredths as a decimal number without needless zeros."""
    whole, rest = divmod(parts, 10**places)
    return f"{whole}.{rest:0{places}d}".rstrip("0") if rest else str(whole)


def to_parts(value: float, scale: int) -> Optional[int]:
    """``value * scale``, if that is a whole number from 0 to 2^53 but for the noise of floating point."""
    if isinstance(value, int):
        return value * scale if value >= 0 else None
    scaled = value * scale
    if not math.isfinite(scaled):
        return None
    whole = math.floor(scaled + 0.5)
    if whole < 0 or whole > 1 << 53 or abs(scaled - whole) > 1e-6:
        return None
    return whole


def shown_duration(value: timedelta) -> str:
    """A duration as a cluster writes it in its messages: ``61.5s``, ``250ms``."""
    count = micros(value)
    if count == 0:
        return "0ns"
    sign = "-" if count < 0 else ""
    count = abs(count)
    for unit, places in (("s", 6), ("ms", 3), ("µs", 0)):
        if count >= 10**places:
            return f"{sign}{decimal(count, places)}{unit}"
    return ""


def quoted(text: str) -> str:
    """A text in quotes, as a cluster writes it in its messages."""
    return '"' + escaped(text).replace("\\'", "'") + '"'


def escaped(text: str) -> str:
    """A text with what can't be seen, quotes and backslashes escaped, as a cluster writes it in its messages."""
    short = {"\0": "\\0", "\t": "\\t", "\r": "\\r", "\n": "\\n", '"': '\\"', "'": "\\'", "\\": "\\\\"}
    return "".join(short.get(c) or (c if c.isprintable() else f"\\u{{{ord(c):x}}}") for c in text)
