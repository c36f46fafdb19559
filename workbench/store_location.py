"""Where a notebook's store is, and how that is written and read."""

from __future__ import annotations

import os
from pathlib import Path

from runtime.stores.sqlite import lock

_NOTEBOOKS = {".ipynb", ".py", ".md", ".qmd"}
_SQLITE = "sqlite:///"


def default_store(notebook: str = "", directory: Path | None = None) -> str:
    """`.spawn/<notebook>.db` beside the notebook, else `.spawn/default.db` in the working directory.

    Args:
        notebook: its file, as the front end tells it; Jupyter does so in `JPY_SESSION_NAME`.
        directory: the working directory.
    """
    here = (directory or Path.cwd()).resolve()
    file = here / (notebook or os.environ.get("JPY_SESSION_NAME", ""))
    if file.suffix in _NOTEBOOKS and file.parent.is_dir():
        return store_url(file.parent / ".spawn" / f"{file.stem}.db")
    return store_url(here / ".spawn" / "default.db")


def store_url(store: str | Path) -> str:
    """A store's URL: a URL as it is, `memory` for `memory://`, and a path as a SQLite file."""
    if isinstance(store, str) and "://" in store:
        return store
    if store == "memory":
        return "memory://"
    return f"{_SQLITE}{Path(store).expanduser().resolve()}"


def shown_path(text: str) -> str:
    """A store's URL or a file, shortened for reading: relative to the working directory, or from `~`."""
    path = Path(text.removeprefix(_SQLITE))
    for base, prefix in ((Path.cwd(), ""), (Path.home(), "~/")):
        if path.is_absolute() and path.is_relative_to(base):
            return prefix + str(path.relative_to(base))
    return text


def prepare_directory(url: str) -> None:
    """Make the default store's directory, which only its owner can enter and which ignores itself in git."""
    directory = Path(url.removeprefix(_SQLITE)).parent
    if url.startswith(_SQLITE) and directory.name == lock.OWN_DIRECTORY:
        lock.prepare_directory(directory)
