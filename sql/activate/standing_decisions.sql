-- makes: the decisions of a night of this moment that somebody acted on, and whether their contact was made as far as is
--   known: confirmed, or closed with an outcome and not released; or a person let it go out, and it went
-- grain: one row per customer; of several the one with the smallest id
-- reads: decisions, candidate_sets, contact_states, contact_said, closed
-- params: as_of; approved, names a person let go out; out, those of them that went
select
    d.source_id, d.decision_id, d.action_id, d.channel, d.arm, d.probability, d.probability_in_arm, s.candidates,
    d.probabilities,
    coalesce(said.status = 'sent', false)
    or (
        said.status is null
        and (
            d.decision_id in (select unnest($out))
            or exists (select 1 from closed as c where c.decision_id = d.decision_id and c.outcome is not null)
        )
    ) as went_out
from decisions as d
left join candidate_sets as s using (candidate_set)
left join contact_said as said using (decision_id)
where
    d.source = 'nbatool'
    and d.batch_id = '@night'
    and d.as_of = $as_of
    and d.source_id is not null
    and (
        d.decision_id in (select decision_id from contact_states)
        or d.decision_id in (select decision_id from closed)
        or d.decision_id in (select unnest($approved))
    )
qualify row_number() over (partition by d.source_id order by d.decision_id) = 1
