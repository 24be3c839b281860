"""What is wrong with a pipeline, and where its author wrote that."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import List, Optional


@dataclass(frozen=True)
class Source:
    """A place in the author's program: a file, relative to the working directory where it lies below, and a line."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"

    @classmethod
    def here(cls) -> Source:
        """The line that called into this package."""
        package = __name__.split(".", maxsplit=1)[0]
        frame = sys._getframe(1)
        while frame.f_back is not None and frame.f_globals.get("__name__", "").split(".")[0] == package:
            frame = frame.f_back
        file = frame.f_code.co_filename
        if os.path.isabs(file):
            relative = os.path.relpath(file)
            if not relative.startswith(os.pardir):
                file = relative
        return cls(file, frame.f_lineno)


@dataclass(frozen=True)
class Fault:
    """One fault of a pipeline. It is shown as ``file:line: message (help)``."""

    field: str
    """Path of the field, such as ``tasks.build.image``, as a cluster names it; empty for the whole pipeline."""
    message: str
    """What is wrong, with the number or the name that is."""
    help: str
    """What to do."""
    source: Optional[Source] = None
    """Where the task, or the pipeline, was declared."""

    def __str__(self) -> str:
        place = f"{self.source}: " if self.source else ""
        return f"{place}{self.message} ({self.help})"


class InvalidPipeline(ValueError):
    """A pipeline that a cluster would refuse."""

    def __init__(self, faults: List[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults
        """Every fault; never empty."""
