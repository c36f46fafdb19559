"""What in an actor class is allowed and probably not meant, as sentences: `advice(definition)`.

Nothing here refuses a class.  Its sentences go with the report of a deploy, where the author of the class reads them at once;
the same mistakes would else show as an action that no one can call, a value that is not kept, or an answer that is dropped.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
import types
from collections.abc import Iterator
from typing import Any

from runtime.authoring.actor import Actor
from runtime.authoring.context import Context
from runtime.authoring.definition import ActorDefinition, is_plain_method
from runtime.authoring.fingerprint import undisturbed
from runtime.authoring.settings import Kind
from runtime.errors import shown

_TAKES_THE_FUTURE = (ast.Await, ast.Call, ast.keyword, ast.Starred, ast.List, ast.Tuple, ast.Set, ast.Dict)
"""What may surround an answer that is awaited later, as in `asyncio.gather(*answers)`."""


def advice(definition: ActorDefinition) -> tuple[str, ...]:
    """Sentences about the class; empty where nothing is amiss, and for code of another process."""
    actor_class = definition.actor_class
    if actor_class is None:
        return ()
    owners = [base for base in actor_class.__mro__ if issubclass(base, Actor) and base is not Actor]
    used = frozenset(name for owner in owners for name in _names_used(owner))
    found = [
        *(line for owner in owners for line in _plain_methods(owner, used)),
        *(line for owner in owners for line in _untyped_attributes(owner, actor_class)),
        *_dropped_answers(definition.source),
        *_questions_to_itself(definition),
    ]
    return tuple(dict.fromkeys(found))


def _names_used(owner: type) -> Iterator[str]:
    """Attributes and globals that the code of a class mentions."""
    codes = [code for value in vars(owner).values() if (code := _code_of(value)) is not None]
    while codes:
        code = codes.pop()
        yield from code.co_names
        codes += [const for const in code.co_consts if isinstance(const, types.CodeType)]


def _code_of(value: Any) -> types.CodeType | None:
    if isinstance(value, property):
        value = value.fget
    function = (
        inspect.unwrap(getattr(value, "__func__", value)) if callable(value) or hasattr(value, "__func__") else value
    )
    code = getattr(function, "__code__", None)
    return code if isinstance(code, types.CodeType) else None


def _plain_methods(owner: type, used: frozenset[str]) -> Iterator[str]:
    for name, value in vars(owner).items():
        if name in used or not is_plain_method(name, value):
            continue
        yield (
            f"{owner.__name__}.{name} is a plain method, which no message can invoke, and no action uses it. Write @action "
            f"above it, or call it _{name} if it is meant to be one."
        )


def _untyped_attributes(owner: type, actor_class: type[Actor]) -> Iterator[str]:
    for name, value in vars(owner).items():
        is_meant = name in actor_class.__spawn_fields__ or name in inspect.get_annotations(owner)
        if is_meant or name.startswith("_") or name.isupper() or _is_part_of_a_class(value):
            continue
        kind = type(value).__name__
        yield (
            f"{owner.__name__}.{name} = {shown(value)} has no type, so it is a constant of the class and no state. Write "
            f"`{name}: {kind} = {shown(value)}` to keep it, or `{name}: ClassVar[{kind}]` if it is a constant."
        )


def _is_part_of_a_class(value: Any) -> bool:
    return callable(value) or hasattr(type(value), "__get__") or inspect.ismodule(value)


def _dropped_answers(source: str) -> Iterator[str]:
    tree = _parsed(source)
    coroutines = {node.name for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef)}
    for node in ast.walk(tree):
        if isinstance(node, ast.AsyncFunctionDef):
            yield from _dropped_in(node, coroutines)


def _dropped_in(function: ast.AsyncFunctionDef, coroutines: set[str]) -> Iterator[str]:
    parents = {child: node for node in ast.walk(function) for child in ast.iter_child_nodes(node)}
    context = _context_name(function)
    for node, parent in parents.items():
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        owner, called = node.func.value, node.func.attr
        if not isinstance(owner, ast.Name) or not _is_dropped(parent, parents):
            continue
        if owner.id == context and called == "invoke":
            yield (
                f"{function.name}: `{ast.unparse(node)}` is sent, and its answer is dropped, because nothing awaits it. Write "
                f"`await {context}.invoke(…)`, or `{context}.tell(…)` to send without an answer."
            )
        elif owner.id == "self" and called in coroutines:
            yield f"{function.name}: `{ast.unparse(node)}` does nothing, because nothing awaits it. Write `await self.{called}(…)`."


def _questions_to_itself(definition: ActorDefinition) -> Iterator[str]:
    """Calls that wait for an answer of the actor that makes them: it processes one message at a time, and so never gives it."""
    for owner in ast.walk(_parsed(definition.source)):
        for function in owner.body if isinstance(owner, ast.ClassDef) else ():
            if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
                context = _context_name(function)
                for node in ast.walk(function):
                    if isinstance(node, ast.Call) and _waits(node, context) and _is_own(node, definition, context):
                        yield _about_itself(function.name, node, definition, context)


def _waits(call: ast.Call, context: str) -> bool:
    if not isinstance(call.func, ast.Attribute) or not isinstance(call.func.value, ast.Name):
        return False
    owner, called = call.func.value.id, call.func.attr
    if owner == context:
        return called in ("invoke", "call")
    is_later = any(each.arg in ("asynchronous", "delay") and not _is_off(each.value) for each in call.keywords)
    return owner in ("wb", "workbench") and called == "invoke" and not is_later


def _is_off(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value in (False, None)


def _is_own(call: ast.Call, definition: ActorDefinition, context: str) -> bool:
    actor = _argument(call, 0, "actor")
    if isinstance(actor, ast.Constant):  # the name of a template or a pool is not that of one of its actors
        return definition.settings.kind not in (Kind.UNNAMED, Kind.POOLED) and actor.value == definition.name
    return actor is not None and ast.unparse(actor) == f"{context}.self.name"


def _argument(call: ast.Call, place: int, name: str) -> ast.expr | None:
    if len(call.args) > place:
        return call.args[place]
    return next((each.value for each in call.keywords if each.arg == name), None)


def _about_itself(function: str, call: ast.Call, definition: ActorDefinition, context: str) -> str:
    actor, action = _argument(call, 0, "actor"), _argument(call, 1, "action")
    spec = definition.actions.get(str(action.value)) if isinstance(action, ast.Constant) else None
    within = "call its method"
    if spec is not None:
        within = f"write `{'await ' if spec.is_async else ''}self.{spec.function.__name__}(…)`"
    told = ", ".join(ast.unparse(each) for each in (actor, action) if each is not None)
    return (
        f"{function}: `{ast.unparse(call)}` waits for its own actor, which processes one message at a time, so it would wait for "
        f"ever and is refused. To do it in this turn, {within}; to have it done in a turn after this one, write "
        f"`{context}.tell({told}, …)`."
    )


def _parsed(source: str) -> ast.Module:
    """The syntax of a class; nothing where it cannot be read."""
    try:
        return undisturbed(lambda: ast.parse(textwrap.dedent(source)))
    except (SyntaxError, ValueError, RecursionError):
        return ast.Module([], [])


def _context_name(function: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    for each in arguments:
        if each.annotation is not None and ast.unparse(each.annotation).rpartition(".")[2] == Context.__name__:
            return each.arg
    return "ctx"


def _is_dropped(parent: ast.AST, parents: dict[ast.AST, ast.AST]) -> bool:
    """Whether a call's result is thrown away, or used as if it were the answer."""
    if isinstance(parent, (ast.Expr, ast.Subscript, ast.BinOp, ast.Compare, ast.FormattedValue)):
        return True
    if not isinstance(parent, ast.Assign) or len(parent.targets) != 1 or not isinstance(parent.targets[0], ast.Name):
        return False
    name = parent.targets[0].id
    uses = [around for node, around in parents.items() if _reads(node, name)]
    return not any(isinstance(around, (*_TAKES_THE_FUTURE, ast.Attribute, ast.Return, ast.Assign)) for around in uses)


def _reads(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)
