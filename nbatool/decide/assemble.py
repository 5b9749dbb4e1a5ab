"""Binding a model version and the catalogue into a policy, with every expression checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nbatool.base.errors import ConfigError, DataError
from nbatool.base.expressions import Kind
from nbatool.base.next_step import command_for
from nbatool.base.records import Action
from nbatool.base.settings import shown_path
from nbatool.decide.batch import SEGMENT, VALUE_SCORES
from nbatool.decide.catalogue import APPLICABLE_WHEN, ELIGIBLE_WHEN, Catalogue, compile_catalogue
from nbatool.decide.compile_guardrails import compile_guardrails
from nbatool.decide.expected import unvalued
from nbatool.decide.policy import Policy
from nbatool.features.customer import FeatureSet
from nbatool.models import registry
from nbatool.models.bundle import Bundle
from nbatool.models.train_outcome import NEVER_CONTACTED

if TYPE_CHECKING:
    from nbatool.base.config import Config
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
        An expression is wrong, or an action cannot be valued: no contact was learned from and it has no target.
    """
    name = version or registry.champion(workspace.models_dir)
    if name is None:
        raise DataError(f"no model is trained yet. Run: {command_for(workspace.root)} train")
    bundle = Bundle.from_files(registry.load_files(workspace.models_dir, name))
    return name, bundle_policy(workspace.config, bundle, actions)


def bundle_policy(config: Config, bundle: Bundle, actions: Sequence[Action]) -> Policy:
    """Return the policy of a version over a catalogue.

    Raises
    ------
    ConfigError
        As :func:`champion_policy`.
    """
    catalogue = compiled(config, actions, expression_kinds(bundle))
    if bundle.outcome is None and config.exploration is None:
        because = bundle.card.get("unlearned") or NEVER_CONTACTED
        _require_values(config, catalogue, list(bundle.propensities), because)
    return Policy(bundle, catalogue, guards=compile_guardrails(config, catalogue, expression_kinds(bundle)))


def require_decidable(
    config: Config, actions: Sequence[Action], features: FeatureSet, unlearned: str | None
) -> None:
    """Refuse, before anything is trained, a catalogue that could not be decided with afterwards.

    Parameters
    ----------
    features
        What the version about to be trained will know of a customer.
    unlearned
        Why it will learn from no contact; None where it will.

    Raises
    ------
    ConfigError
        As :func:`champion_policy` would.
    """
    kinds = planned_kinds(config, features)
    catalogue = compiled(config, actions, kinds)
    compile_guardrails(config, catalogue, kinds)
    # What is tried is learned from its outcomes; only what is never tried must be valued by hand.
    if unlearned is not None and config.exploration is None:
        _require_values(config, catalogue, [target.name for target in config.targets], unlearned)


def planned_kinds(config: Config, features: FeatureSet) -> dict[str, Kind]:
    """Names expressions may use once a version of these features is trained, and what they hold."""
    targets = [target.name for target in config.targets]
    return _kinds(features, targets, lifetime_value=bool(config.roles.purchase))


def expression_kinds(bundle: Bundle) -> dict[str, Kind]:
    """Names expressions may use and what they hold: features, attributes, scores."""
    return _kinds(bundle.features, list(bundle.propensities), lifetime_value=bundle.clv is not None)


def _kinds(features: FeatureSet, targets: Sequence[str], *, lifetime_value: bool) -> dict[str, Kind]:
    kinds: dict[str, Kind] = dict.fromkeys(features.plan.names, "number")
    for attribute in features.attributes:
        kind: Kind = "text" if attribute.is_text else "boolean" if attribute.type == "boolean" else "number"
        kinds[attribute.name] = kind
    kinds |= dict.fromkeys(targets, "number")
    if lifetime_value:
        kinds |= {**dict.fromkeys(VALUE_SCORES, "number"), SEGMENT: "text"}
    return kinds


def compiled(config: Config, actions: Sequence[Action], kinds: dict[str, Kind]) -> Catalogue:
    """Return the catalogue with its expressions checked against the names they may use.

    Raises
    ------
    ConfigError
        An expression is wrong; all are reported at once.
    """
    text_of = {
        (action.id, key): getattr(action, key)
        for action in actions
        for key in (ELIGIBLE_WHEN, APPLICABLE_WHEN)
    }
    return compile_catalogue(
        actions, kinds, every_channel=config.catalogue.channel_mode == "all",
        allow_nothing=config.catalogue.allow_nothing, file=shown_path(config.path),
        line_of=lambda action_id, key: config.line_of(*_said_at(config, action_id, key, text_of[action_id, key])),
    )  # fmt: skip


def _said_at(config: Config, action_id: str, key: str, text: str) -> tuple[str, ...]:
    """Return where an action's key was said: in its own table, for all of them, or in the catalogue's file."""
    if any(table.id == action_id and getattr(table, key) is not None for table in config.actions):
        return "action", action_id, key
    if getattr(config.catalogue.defaults, key) == text:
        return "catalogue", "defaults", key
    return "catalogue", "map", key


def _require_values(config: Config, catalogue: Catalogue, targets: Sequence[str], because: str) -> None:
    """Where no contact was learned from every action needs a target and a value per response."""
    problems = [
        config.problem(
            f'[[action]] "{action_id}": {because}, so it needs target = one of '
            f"{', '.join(targets) or '(no [[target]] is configured)'} and value_per_response = money",
            "action",
            action_id,
        )
        for action_id in unvalued(catalogue, targets)
    ]
    if problems:
        raise ConfigError(problems)
