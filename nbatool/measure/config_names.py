"""Names in nba.toml that only training and judging look up: asked early, so that a slip is found before the night."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from nbatool.base.errors import ConfigError, Problem
from nbatool.decide.assemble import bundle_policy, compiled, planned_kinds
from nbatool.features.choice import choose_features
from nbatool.features.model_input import CustomerInput
from nbatool.ingest.catalogue import load_catalogue
from nbatool.measure.asked_names import require_known_names
from nbatool.models import registry
from nbatool.models.bundle import Bundle
from nbatool.models.learner_context import context_problems
from nbatool.profile.present import present_us

if TYPE_CHECKING:
    import duckdb

    from nbatool.base.records import Action
    from nbatool.store.workspace import Workspace


def misnamed(workspace: Workspace, con: duckdb.DuckDBPyConnection) -> list[Problem]:
    """Return a problem for each column or action that nothing is called.

    ``eligible_when`` and ``[learning] context`` are asked of what the next training would know of the data loaded;
    ``[evaluate] segments`` and ``rules`` and guardrails of the version in force, as `nbatool evaluate` and `score` ask.
    """
    actions = load_catalogue(workspace.config)
    return list(dict.fromkeys([*_trained_by(workspace, con, actions), *_judged_by(workspace, actions)]))


def _trained_by(
    workspace: Workspace, con: duckdb.DuckDBPyConnection, actions: Sequence[Action]
) -> Iterator[Problem]:
    config = workspace.config
    features = choose_features(con, config, actions, present_us(con, config, None))
    inputs = CustomerInput(features, {})
    yield from context_problems(config, [n for n in inputs.names if n not in inputs.categorical])
    try:
        compiled(config, actions, planned_kinds(config, features))
    except ConfigError as error:
        yield from error.problems


def _judged_by(workspace: Workspace, actions: Sequence[Action]) -> Iterator[Problem]:
    champion = registry.champion(workspace.models_dir)
    if champion is None:
        return
    bundle = Bundle.from_files(registry.load_files(workspace.models_dir, champion))
    for asks in (require_known_names, bundle_policy):
        try:
            asks(workspace.config, bundle, actions)
        except ConfigError as error:
            yield from error.problems
