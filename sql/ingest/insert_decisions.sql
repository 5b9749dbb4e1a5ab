-- makes: rows in decisions
-- grain: one row per new slot of a decision
-- reads: logged, surplus, known
-- params: source, batch_id
insert into decisions (
    source, decision_id, source_id, as_of, slot, action_id, channel, probability, probability_in_arm, arm, policy,
    candidate_set, probabilities, context, batch_id
)
select
    $source, decision_id, source_id, as_of, slot, action_id, channel, probability, probability_in_arm, arm, policy,
    candidate_set, probabilities, context, $batch_id
from logged
where
    not exists (select 1 from surplus where surplus._row = logged._row)
    and not exists (select 1 from known where known._row = logged._row and not wins)
