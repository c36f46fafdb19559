"""What a presenter hands out: the same thing as text and as HTML."""

from __future__ import annotations

import msgspec

from workbench.redaction import redacted_text


class Rendering(msgspec.Struct, frozen=True):
    """Text for terminals, logs and screen readers; HTML for notebooks, also without a kernel and without JavaScript."""

    text: str
    html: str

    def mimebundle(self) -> dict[str, str]:
        """What `_repr_mimebundle_` and `display(…, raw=True)` want."""
        return bundle(redacted_text(self.text), self.html)


def bundle(text: str, html: str, **further: str) -> dict[str, str]:
    """Content by MIME type, as plain strings: some front ends take no string of a class of its own, such as `Markup`.

    `further` names types by their last part: `svg`, `mermaid`.
    """
    kinds = {"svg": "image/svg+xml", "mermaid": "text/vnd.mermaid"}
    found = {"text/plain": text, "text/html": html, **{kinds[name]: content for name, content in further.items()}}
    return {kind: str(content) for kind, content in found.items()}
