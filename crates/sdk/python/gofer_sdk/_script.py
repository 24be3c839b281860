"""Inline source that an interpreter runs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Sequence, Tuple

INTERPRETERS = {
    "sh": ("/bin/sh", "-ec"),
    "bash": ("bash", "-euo", "pipefail", "-c"),
    "python3": ("python3", "-c"),
    "node": ("node", "-e"),
    "ruby": ("ruby", "-e"),
    "perl": ("perl", "-e"),
}
"""The known interpreters, and the words that make each run a source given as the next word."""


@dataclass(frozen=True)
class Script:
    """A program in an interpreted language, written in the pipeline itself; see :func:`script`."""

    interpreter: Tuple[str, ...]
    source: str


def script(interpreter: str, source: str) -> Script:
    """Inline source, run by an interpreter of the task's image (or of the node, with the process driver).

    ``sh`` runs ``/bin/sh -ec SOURCE``, so it ends at the first command that fails; ``bash`` runs ``bash -euo pipefail
    -c SOURCE``; ``python3`` runs ``python3 -c SOURCE``; ``node``, ``ruby`` and ``perl`` run ``-e SOURCE``.

    The indentation that all lines share is taken away, and blank lines at both ends. The source is at most 131 071
    bytes long, which is what the kernel takes as one word.

    >>> script("sh", '''
    ...     echo hello
    ...     date
    ... ''').source
    'echo hello\\ndate\\n'

    Raises :class:`ValueError` for an interpreter that is not known.
    """
    words = INTERPRETERS.get(interpreter)
    if words is None:
        known = ", ".join(INTERPRETERS)
        raise ValueError(f"the interpreter {interpreter!r} is not known; use one of {known}, or script_with for another")
    return Script(words, _dedent(source))


def script_with(words: Sequence[str], source: str) -> Script:
    """A script for any interpreter: its program and flags; the source becomes the word after them.

    >>> script_with(["lua5.4", "-e"], "print('hello')").interpreter
    ('lua5.4', '-e')
    """
    if isinstance(words, str):
        raise TypeError('the interpreter is a list of words, such as ["lua5.4", "-e"]')
    return Script(tuple(words), _dedent(source))


def _dedent(source: str) -> str:
    """Takes the common indentation and the blank lines at both ends away; what is left ends with one line break."""
    lines = [line[:-1] if line.endswith("\r") else line for line in source.split("\n")]
    while lines and not lines[0].strip(" \t"):
        del lines[0]
    while lines and not lines[-1].strip(" \t"):
        del lines[-1]
    indents = [line[: len(line) - len(line.lstrip(" \t"))] for line in lines if line.strip(" \t")]
    common = len(os.path.commonprefix(indents))
    return "".join((line[common:] if line.strip(" \t") else "") + "\n" for line in lines)
