"""Which entities, in which versions, the code writes: read off its source, so that a new one cannot be forgotten."""

import ast
from collections.abc import Callable, Iterator
from typing import Any

Told = Callable[[ast.expr], Any]
"""A constant's value, written out or named at the top of its module; None for anything else."""


def entities(source: str) -> Iterator[tuple[str, int]]:
    """Of every ``stamped(…)``, ``NewWork(…)`` and ``{"et": …, "v": …}`` of a module."""
    module = ast.parse(source)
    known = dict(_constants(module))

    def told(node: ast.expr) -> Any:
        return node.value if isinstance(node, ast.Constant) else known.get(ast.unparse(node))

    for node in ast.walk(module):
        pair = _of_call(node, told) if isinstance(node, ast.Call) else _of_map(node, told)
        if pair is None:
            continue
        assert None not in pair, f"which entity is this? {ast.unparse(node)}"
        yield pair


def _constants(module: ast.Module) -> Iterator[tuple[str, Any]]:
    """``_ENTITY, _VERSION = "contact", 1`` as names and values."""
    for node in module.body:
        match node:
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
                for name, value in zip(names, values, strict=True):
                    if isinstance(name, ast.Name) and isinstance(value, ast.Constant):
                        yield name.id, value.value


def _of_call(node: ast.Call, told: Told) -> tuple[Any, Any] | None:
    arguments = [ast.unparse(argument) for argument in node.args[:2]]
    match ast.unparse(node.func):
        case "stamped" if arguments != ["work.entity", "work.version"]:  # the work pattern's: NewWork says which
            return told(node.args[0]), told(node.args[1])
        case "NewWork":
            keywords = {keyword.arg: told(keyword.value) for keyword in node.keywords}
            return keywords["entity"], keywords["version"]
    return None


def _of_map(node: ast.AST, told: Told) -> tuple[Any, Any] | None:
    if not isinstance(node, ast.Dict):
        return None
    pairs = zip(node.keys, node.values, strict=True)
    members = {key.value: value for key, value in pairs if isinstance(key, ast.Constant)}
    if not {"et", "v"} <= members.keys() or ast.unparse(members["et"]) == "entity":  # the body of `stamped`
        return None
    return told(members["et"]), told(members["v"])
