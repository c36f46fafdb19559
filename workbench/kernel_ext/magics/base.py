"""What every class of magics here stands on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from IPython.core.magic import Magics

from workbench.kernel_ext.magics.parser import Names, read_word

Scope = Mapping[str, Any] | None
"""The variables where a magic was written; None for the notebook's alone."""


class BaseMagics(Magics):
    """Words of a line, with the variables that they may mention."""

    def __init__(self, shell: Any) -> None:
        super().__init__(shell)
        self.shell: Any

    def _names(self, here: Scope) -> Names:
        return Names(self.shell.user_ns, here)

    def _word(self, word: str, here: Scope) -> str:
        return read_word(word, self._names(here))

    def _text(self, word: str | None, here: Scope) -> str | None:
        """An optional word."""
        return None if word is None else self._word(word, here)
