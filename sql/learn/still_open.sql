-- makes: a query result
-- grain: one row: own decisions whose windows, with their wait, have not ended, and when the oldest of these
--   began (null: there is none); what waits for a person has no window yet
-- reads: decisions, closed, contact_states, reviewed
-- params: $present, $closes_s, seconds from the beginning to the end of the longest window and the wait
select
    count(distinct d.decision_id) as decisions,
    epoch_us(min(coalesce(r.out_at, d.as_of))) as first_us
from decisions as d
left join reviewed as r on r.decision_id = d.decision_id
where
    d.source = 'nbatool'
    and coalesce(r.out_at, d.as_of) + to_seconds($closes_s) > $present
    -- what waits for a person was not made yet, and what they reject never is
    and (r.decision_id is null or r.out_at is not null)
    and not exists (select 1 from closed as c where c.decision_id = d.decision_id and c.slot = d.slot)
    and not exists (select 1 from contact_states as s where s.decision_id = d.decision_id and s.status = 'expired')
    -- what a guardrail took out after the draw was not chosen: it has no chance, and teaches nothing
    and not (d.batch_id = '@night' and coalesce(isnan(d.probability), true))
