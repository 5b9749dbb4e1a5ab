-- makes: room for staged decisions that take the place of stored ones
-- grain: one row per replaced slot of a decision
-- reads: decisions, known
-- params: source
delete from decisions
using known
where
    decisions.source = $source
    and known.wins
    and decisions.decision_id = known.decision_id
    and decisions.slot = known.slot
