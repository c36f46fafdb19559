"""What a user writes: a class with annotated state and marked actions.

    class Counter(Actor, name="counter", deactivate_timeout="30s"):
        total: int = 0

        @action
        def add(self, value: int) -> dict:
            self.total += value
            return {"total": self.total}

Importing this module defines names only; nothing runs and nothing is checked before `deploy`.
"""

from __future__ import annotations

import inspect
import reprlib
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar, overload

from runtime.errors import DefinitionError, shown

F = TypeVar("F", bound=Callable[..., Any])

MARK = "__spawn_action__"


class Mark:
    """What a decorator says about a function."""

    __slots__ = ("every", "name", "role")

    def __init__(self, role: str, name: str | None = None, every: int | str | None = None) -> None:
        self.role, self.name, self.every = role, name, every


class LimitedMark(Mark):
    """Of an action that may take only so long.  A class of its own: that there is one makes no other version of code without it."""

    __slots__ = ("timeout",)

    def __init__(self, role: str, name: str | None, every: int | str | None, timeout: int | str) -> None:
        super().__init__(role, name, every)
        self.timeout = timeout


class Actor:
    """Base of every actor class.

    Annotated attributes are the state, with their defaults; methods marked `@action` can be invoked.  Class keywords are the
    settings.  An instance lives for one turn; assigning an attribute that was not declared is refused.
    """

    __spawn_settings__: ClassVar[dict[str, Any]] = {}
    __spawn_fields__: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls, **settings: Any) -> None:
        super().__init_subclass__()
        inherited = {k: v for k, v in cls.__spawn_settings__.items() if k != "name"}
        cls.__spawn_settings__ = {**inherited, **settings}
        own = {name for name, kind in inspect.get_annotations(cls).items() if not _is_class_variable(name, kind)}
        cls.__spawn_fields__ = cls.__spawn_fields__ | own

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in self.__spawn_fields__:
            raise AttributeError(
                f"{type(self).__name__} has no state field {name!r}. Declare it in the class body, with its type: "
                f"`{name}: {type(value).__name__} = {shown(value)}`; only declared fields are kept."
            )
        self.__dict__[name] = value

    def __repr__(self) -> str:
        """`Counter(total=3)`, cut where it is long: for debuggers and prints."""
        fields = [
            f"{name}={reprlib.repr(value)}" for name, value in vars(self).items() if name in self.__spawn_fields__
        ]
        return f"{type(self).__name__}({', '.join(fields)})"


def _is_class_variable(name: str, annotation: object) -> bool:
    return "ClassVar" in (annotation if isinstance(annotation, str) else repr(annotation)) or name.startswith("__")


@overload
def action(function: F) -> F: ...
@overload
def action(function: None = None, *, name: str | None = None, timeout: int | str | None = None) -> Callable[[F], F]: ...
def action(
    function: F | None = None, *, name: str | None = None, timeout: int | str | None = None
) -> F | Callable[[F], F]:
    """Make a method callable by message; its parameters are the payload's fields.

    A parameter named `ctx` or annotated `Context` gets the turn's context.  `name` invokes it under another name.

    `timeout`, milliseconds or text such as `"5s"`, is how long one turn may take, from its start, with the time that it waits for
    others and without the time at a breakpoint.  Then the turn fails with `ActionTimeout`: its caller is answered, the state is as
    it was before, the next message runs.  The action itself is ended: a coroutine is cancelled, in the thread of a plain one
    `ActionEnded` is raised, the process of a task is killed.  What sits in code outside Python goes on until that returns, without
    effect, and is named in `%spawn status`.  From 1 ms to 100 years; without it, an action may take as long as it likes.
    """
    return _marker(function, _made("action", name, None, timeout))


def init(function: F) -> F:
    """Run this method once per activation, after the state was loaded and before any message.

    If it raises, the actor is not active: those who wait for it get that error, no action runs, and the next message tries again.
    """
    return _mark(function, Mark("init", "init"))


def timer(*, every: int | str, timeout: int | str | None = None) -> Callable[[F], F]:
    """Run this method regularly; `every` is milliseconds or text such as `"5s"`, `timeout` as for an action.

    From when the actor first comes into memory (a named one at its deploy) until its code is undeployed; an actor that was idle
    and left memory meanwhile comes back for it.  The rate is fixed; what falls due while the actor is busy is skipped.
    """
    return lambda function: _mark(function, _made("timer", None, every, timeout))


def migrate(function: Any) -> Any:
    """Bring a state that an earlier version of the class wrote into the shape of this one.

        @migrate
        def from_old(cls, old: dict) -> dict:
            return {"cents": round(old["euros"] * 100)}

    It gets the stored fields whenever they are not exactly the declared ones, or one does not fit its type, and gives values by
    field.  Fields that it does not give keep their stored value or get their default; stored values without a field are kept
    aside.  At a deploy it is tried on the actor's state: if it fails there, nothing is deployed.
    """
    plain = function.__func__ if isinstance(function, classmethod) else function
    return classmethod(_mark(plain, Mark("migrate")))


def _made(role: str, name: str | None, every: int | str | None, timeout: int | str | None) -> Mark:
    return Mark(role, name, every) if timeout is None else LimitedMark(role, name, every, timeout)


def _marker(function: F | None, mark: Mark) -> F | Callable[[F], F]:
    return _mark(function, mark) if function is not None else lambda wrapped: _mark(wrapped, mark)


def _mark(function: F, mark: Mark) -> F:
    if not callable(function):
        raise DefinitionError(
            f"@{mark.role} stands above a method, and its options are given by name; found @{mark.role}({shown(function)})."
        )
    setattr(function, MARK, mark)
    return function
