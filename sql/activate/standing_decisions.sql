-- makes: the decisions of a night of this moment that somebody acted on
-- grain: one row per customer; of several the one with the smallest id
-- reads: decisions, candidate_sets, contact_states, closed
-- params: as_of
select d.source_id, d.decision_id, d.action_id, d.channel, d.arm, d.probability, d.probability_in_arm, s.candidates, d.probabilities
from decisions as d
left join candidate_sets as s using (candidate_set)
where
    d.source = 'nbatool'
    and d.batch_id = '@night'
    and d.as_of = $as_of
    and d.source_id is not null
    and (
        d.decision_id in (select decision_id from contact_states)
        or d.decision_id in (select decision_id from closed)
    )
qualify row_number() over (partition by d.source_id order by d.decision_id) = 1
