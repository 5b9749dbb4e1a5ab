-- makes: a query result
-- grain: one row: own decisions whose windows, with their wait, have not ended, and the oldest of them (null: there is none)
-- reads: decisions, closed, contact_states
-- params: $present, $closes_s, seconds from the moment to the end of the longest window and the wait
select
    count(distinct d.decision_id) as decisions,
    epoch_us(min(d.as_of)) as first_as_of_us
from decisions as d
where
    d.source = 'nbatool'
    and d.as_of + to_seconds($closes_s) > $present
    and not exists (select 1 from closed as c where c.decision_id = d.decision_id and c.slot = d.slot)
    and not exists (select 1 from contact_states as s where s.decision_id = d.decision_id and s.status = 'expired')
    -- what a guardrail took out after the draw was not chosen: it has no chance, and teaches nothing
    and not (d.batch_id = '@night' and coalesce(isnan(d.probability), true))
