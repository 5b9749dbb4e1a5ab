"""Binding a model version and the catalogue into a policy, with every expression checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nbatool.base.errors import ConfigError, DataError
from nbatool.base.expressions import Kind
from nbatool.base.records import Action
from nbatool.base.settings import shown_path
from nbatool.decide.batch import SEGMENT, VALUE_SCORES
from nbatool.decide.catalogue import compile_catalogue
from nbatool.decide.expected import unvalued
from nbatool.decide.policy import Policy
from nbatool.models import registry
from nbatool.models.bundle import Bundle

if TYPE_CHECKING:
    from nbatool.store.workspace import Workspace


def champion_policy(
    workspace: Workspace, actions: Sequence[Action], version: str | None = None
) -> tuple[str, Policy]:
    """Return the version in force (or the one named) and its policy over the catalogue of now.

    Raises
    ------
    DataError
        No version was trained, or its files are damaged.
    ConfigError
        An expression is wrong, or an action cannot be valued: no contact was logged and it has no target.
    """
    name = version or registry.champion(workspace.models_dir)
    if name is None:
        raise DataError("no model is trained yet. Run: nbatool train")
    bundle = Bundle.from_files(registry.load_files(workspace.models_dir, name))
    config = workspace.config
    catalogue = compile_catalogue(
        actions, expression_kinds(bundle), every_channel=config.catalogue.channel_mode == "all",
        allow_nothing=config.catalogue.allow_nothing, file=shown_path(config.path),
        line_of=lambda action_id: config.line_of("action", action_id, "eligible_when"),
    )  # fmt: skip
    _check_values(workspace, bundle, Policy(bundle, catalogue))
    return name, Policy(bundle, catalogue)


def expression_kinds(bundle: Bundle) -> dict[str, Kind]:
    """Names expressions may use and what they hold: features, attributes, scores."""
    kinds: dict[str, Kind] = dict.fromkeys(bundle.features.plan.names, "number")
    for attribute in bundle.features.attributes:
        kind: Kind = "text" if attribute.is_text else "boolean" if attribute.type == "boolean" else "number"
        kinds[attribute.name] = kind
    kinds |= dict.fromkeys(bundle.propensities, "number")
    if bundle.clv is not None:
        kinds |= {**dict.fromkeys(VALUE_SCORES, "number"), SEGMENT: "text"}
    return kinds


def _check_values(workspace: Workspace, bundle: Bundle, policy: Policy) -> None:
    """Without a logged contact every action needs a target and a value per response."""
    if bundle.outcome is not None:
        return
    config = workspace.config
    problems = [
        config.problem(
            f'[[action]] "{action_id}": no contact was ever logged, so it needs target = one of '
            f"{', '.join(bundle.propensities) or '(no [[target]] is configured)'} and value_per_response = money",
            "action",
            action_id,
        )
        for action_id in unvalued(policy.catalogue, list(bundle.propensities))
    ]
    if problems:
        raise ConfigError(problems)
