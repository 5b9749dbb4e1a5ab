-- makes: open_decisions, own decisions whose windows and waits have ended and that were neither closed nor expired; the
--   window of one that a person let go out begins when it went out
-- grain: one row per slot of a decision
-- reads: decisions, closed, contact_states, reviewed
-- params: $present, $closes_s, seconds from the beginning to the end of the longest window and the wait
create or replace temp table open_decisions as
select
    d.decision_id,
    d.slot,
    d.source_id,
    d.as_of,
    coalesce(r.out_at, d.as_of) as began,
    coalesce(r.out_night, r.out_at, d.as_of) as planned, -- from here on its contact may be confirmed
    d.action_id,
    d.channel,
    d.batch_id = '@night' as is_night
from decisions as d
left join reviewed as r on r.decision_id = d.decision_id
where
    d.source = 'nbatool'
    and coalesce(r.out_at, d.as_of) + to_seconds($closes_s) <= $present
    -- what waits for a person was not made yet, and what they reject never is
    and (r.decision_id is null or r.out_at is not null)
    and not exists (select 1 from closed as c where c.decision_id = d.decision_id and c.slot = d.slot)
    and not exists (select 1 from contact_states as s where s.decision_id = d.decision_id and s.status = 'expired')
    -- what a guardrail took out after the draw was not chosen: it has no chance, and teaches nothing
    and not (d.batch_id = '@night' and coalesce(isnan(d.probability), true))
