-- makes: room for staged outcomes that take the place of stored ones
-- grain: one row per replaced outcome
-- reads: outcomes, known
-- params: source
delete from outcomes
using known
where
    outcomes.source = $source
    and known.wins
    and outcomes.decision_id = known.decision_id
    and outcomes.slot is null
    and outcomes.outcome_id = known.outcome_id
