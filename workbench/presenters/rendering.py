"""What a presenter hands out: the same thing as text and as HTML."""

from __future__ import annotations

import msgspec


class Rendering(msgspec.Struct, frozen=True):
    """Text for terminals, logs and screen readers; HTML for notebooks, also without a kernel and without JavaScript."""

    text: str
    html: str

    def mimebundle(self) -> dict[str, str]:
        """What `_repr_mimebundle_` and `display(…, raw=True)` want."""
        return {"text/plain": self.text, "text/html": self.html}
