"""Settings of the workbench as IPython's configuration: `%config Workbench` and `c.Workbench.…` in ipython_config.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from traitlets import Bool, Enum, Float, Int, Unicode
from traitlets.config import Configurable

from runtime.config import DEFAULT_SYSTEM, Durability
from workbench.redaction import display
from workbench.session import Session

_KEEP = ("keep_revisions", "keep_invocations", "keep_days", "keep_turns")
_OF_SESSION = ("system", "store", "durability", "group_interval_ms", "mailbox_limit", "timeout_s", "policies", *_KEEP)


class Workbench(Configurable):
    """How the workbench starts its actor system, and where it records what is done.  A change takes effect at the next start."""

    system = Unicode(DEFAULT_SYSTEM, help="Name of the actor system.").tag(config=True)
    store = Unicode(
        "",
        help="Where history is kept: sqlite:///PATH, a path, or memory. Empty: .spawn/<notebook>.db beside the notebook.",
    ).tag(config=True)
    durability = Enum(
        [level.value for level in Durability],
        default_value=Durability.JOURNAL.value,
        help="What an answer means for the disk, for actors whose class does not say.",
    ).tag(config=True)
    group_interval_ms = Int(
        10, min=1, max=20, help="The longest a finished turn waits for company before it is written."
    ).tag(config=True)
    mailbox_limit = Int(100_000, min=1, help="Waiting messages for one actor before callers are refused.").tag(
        config=True
    )
    timeout_s = Float(60.0, min=0.0, help="Seconds that a call waits for its answer when it does not say.").tag(
        config=True
    )

    policies = Unicode(
        None,
        allow_none=True,
        help="Folder with *.policy files that say who may call what; None: everything is allowed.",
    ).tag(config=True)

    audit = Unicode(
        "", help="File that records what is done to actor systems, see %audit. Empty: beside the store."
    ).tag(config=True)

    sql_reads_files = Bool(
        False,
        help="Whether %%query and wb.query may read files of this machine (read_csv and the like); takes effect at once.",
    ).tag(config=True)

    keep_revisions = Int(
        None, min=1, allow_none=True, help="Of each actor's past, the newest so many revisions are kept; None: all."
    ).tag(config=True)
    keep_invocations = Int(
        None, min=1, allow_none=True, help="Of each actor's past, the newest so many turns are kept; None: all."
    ).tag(config=True)
    keep_days = Float(
        None, min=0.0, allow_none=True, help="Turns that ended so many days ago or less are kept; None: all."
    ).tag(config=True)
    keep_turns = Int(
        None, min=1, allow_none=True, help="The newest so many turns of all actors together are kept; None: all."
    ).tag(config=True)

    show_secrets = Bool(
        False,
        help="Show values under a secret's name (password, token, …) in outputs of your own actors, which the notebook saves. "
        "Those of an attached system, and those in reports and exports, stay hidden.",
    ).tag(config=True)

    def bind(self, session: Session) -> None:
        """Make these the session's defaults, now and whenever one changes."""

        def update(change: Any = None) -> None:
            # Only what was set: an untouched trait leaves the decision to the runtime.
            values = {name: getattr(self, name) for name in _OF_SESSION}
            defaults = {name: self.traits()[name].default_value for name in _OF_SESSION}
            session.defaults = {name: value for name, value in values.items() if value != defaults[name]}
            if change is not None and session.system is not None:
                session.notify("This takes effect at the next start: %spawn stop, then %spawn start.")

        def update_audit(change: Any = None) -> None:
            session.audits.file = Path(self.audit).expanduser().resolve() if self.audit else None

        def update_sql(change: Any = None) -> None:
            session.sql_reads_files = self.sql_reads_files

        def update_display(change: Any = None) -> None:
            display.shows_secrets = self.show_secrets

        self.observe(update, list(_OF_SESSION))
        self.observe(update_display, ["show_secrets"])
        update_display()
        self.observe(update_audit, ["audit"])
        self.observe(update_sql, ["sql_reads_files"])
        update()
        update_sql()
        if self.audit:
            update_audit()
