"""From sqlglot's tree to ours: the allow-list of what an expression may say."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

from sqlglot import exp

from nbatool.base.errors import ConfigError
from nbatool.base.expressions import OPERATIONS, Kind, Tree, unknown_name

BINARY: dict[type[exp.Expr], str] = {
    exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=",
    exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%", exp.And: "and", exp.Or: "or",
    exp.Like: "like", exp.Nullif: "nullif",
}  # fmt: skip
UNARY: dict[type[exp.Expr], str] = {
    exp.Not: "not", exp.Neg: "negate", exp.Abs: "abs", exp.Floor: "floor", exp.Ceil: "ceil",
    exp.Lower: "lower", exp.Upper: "upper", exp.Length: "length",
}  # fmt: skip
MANY: dict[type[exp.Expr], str] = {
    exp.Coalesce: "coalesce",
    exp.Least: "least",
    exp.Greatest: "greatest",
}

ALLOWED = (
    "numbers, 'texts', names, + - * / %, = <> < <= > >=, and or not, in, between, like, is null, case, coalesce, "
    "nullif, least, greatest, abs, floor, ceil, lower, upper, length"
)

Typed = tuple[Tree, Kind | None]
"""A compiled part and its kind; None where it is null or comes from the request's context."""


class Compiler:
    """Compiles one expression; ``kinds`` says which names exist."""

    def __init__(self, kinds: Mapping[str, Kind]) -> None:
        self.kinds = kinds

    def compile(self, node: exp.Expr) -> Typed:
        if isinstance(node, exp.Paren):
            return self.compile(node.this)
        if isinstance(node, exp.Column):
            return self._column(node)
        if isinstance(node, exp.Literal):
            return (
                (["text", node.this], "text") if node.is_string else (["number", float(node.this)], "number")
            )
        if isinstance(node, exp.Boolean):
            return ["boolean", bool(node.this)], "boolean"
        if isinstance(node, exp.Null):
            return ["null"], None
        return self._operation(node)

    def _operation(self, node: exp.Expr) -> Typed:
        kind = type(node)
        if kind in BINARY:
            return self._call(BINARY[kind], [node.this, node.expression], node)
        if kind in UNARY and not any(value for key, value in node.args.items() if key != "this"):
            return self._call(UNARY[kind], [node.this], node)
        if kind in MANY:
            return self._call(MANY[kind], [node.this, *node.expressions], node)
        if isinstance(node, exp.Is) and isinstance(node.expression, exp.Null):
            return self._call("is null", [node.this], node)
        if isinstance(node, exp.Between):
            low = exp.GTE(this=node.this, expression=node.args["low"])
            high = exp.LTE(this=node.this, expression=node.args["high"])
            return self.compile(exp.And(this=low, expression=high))
        if isinstance(node, exp.In) and node.expressions:
            tests: list[exp.Expr] = [exp.EQ(this=node.this, expression=e) for e in node.expressions]
            return self.compile(reduce(lambda a, b: exp.Or(this=a, expression=b), tests))
        if isinstance(node, exp.Case) and node.this is None:
            return self._case(node)
        raise ConfigError(f'"{node.sql("duckdb")}" is not allowed in an expression; allowed are {ALLOWED}')

    def _column(self, node: exp.Column) -> Typed:
        name = ".".join(part.name for part in node.parts)
        if name.startswith("context."):
            return ["column", name], None
        if name not in self.kinds:
            raise unknown_name(name, self.kinds)
        return ["column", name], self.kinds[name]

    def _call(self, operation: str, nodes: list[exp.Expr], whole: exp.Expr) -> Typed:
        _, wanted, result = OPERATIONS[operation]
        parts = [self.compile(n) for n in nodes]
        kinds = {kind for _, kind in parts if kind is not None}
        if wanted is not None and kinds - {wanted}:
            found = (kinds - {wanted}).pop()
            raise ConfigError(f'"{whole.sql("duckdb")}": a {wanted} is needed, a {found} was found')
        if len(kinds) > 1:
            raise ConfigError(f'"{whole.sql("duckdb")}" compares a {" with a ".join(sorted(kinds))}')
        kind = next(iter(kinds), None) if result == "same" else result
        return [operation, *(tree for tree, _ in parts)], kind

    def _case(self, node: exp.Case) -> Typed:
        tree: Tree = ["case"]
        kinds: set[Kind] = set()
        otherwise = node.args.get("default") or exp.Null()
        for branch in node.args["ifs"]:
            condition, found = self.compile(branch.this)
            if found not in ("boolean", None):
                raise ConfigError(
                    f'"{branch.this.sql("duckdb")}" is a {found}, a boolean is needed after when'
                )
            value, kind = self.compile(branch.args["true"])
            tree += [condition, value]
            kinds |= {kind} if kind else set()
        value, kind = self.compile(otherwise)
        kinds |= {kind} if kind else set()
        if len(kinds) > 1:
            raise ConfigError(f'"{node.sql("duckdb")}": the branches are of different kinds')
        return [*tree, value], next(iter(kinds), None)
