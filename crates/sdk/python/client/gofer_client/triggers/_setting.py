"""What a trigger says of itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Optional, Sequence

from .. import model, plugin


class Kind(Enum):
    """Which values of a setting are allowed."""

    TEXT = model.SETTING_KIND_TEXT
    NUMBER = model.SETTING_KIND_NUMBER
    """A decimal number, such as -12 or 0.5."""
    BOOLEAN = model.SETTING_KIND_BOOLEAN
    """true or false."""
    DURATION = model.SETTING_KIND_DURATION
    """Whole numbers with units, such as 90s or 1h30m; the units are ms, s, m, h and d."""


@dataclass(frozen=True)
class Setting:
    """What a subscription must or may give."""

    name: str
    kind: Kind = Kind.TEXT
    default: Optional[str] = None
    """What it is if it is not given. None: each subscription must give it."""
    description: str = ""

    def _wire(self) -> model.Setting:
        return model.Setting(
            name=self.name,
            kind=self.kind.value,
            required=self.default is None,
            default_value=self.default,
            description=self.description,
        )


@dataclass(frozen=True)
class Description:
    """Version, as text for people, and settings of a trigger."""

    version: str
    settings: Sequence[Setting] = field(default_factory=tuple)

    def _hello(self, trigger: str) -> plugin.Hello:
        settings = sorted(self.settings, key=lambda setting: setting.name)
        return plugin.Hello(trigger=trigger, version=self.version, settings=[setting._wire() for setting in settings])
