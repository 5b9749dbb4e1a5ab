-- makes: open_decisions, own decisions whose windows and waits have ended and that were neither closed nor expired
-- grain: one row per slot of a decision
-- reads: decisions, closed, contact_states
-- params: $present, $closes_s, seconds from the moment to the end of the longest window and the wait
create or replace temp table open_decisions as
select
    d.decision_id,
    d.slot,
    d.source_id,
    d.as_of,
    d.action_id,
    d.channel,
    d.batch_id = '@night' as is_night
from decisions as d
where
    d.source = 'nbatool'
    and d.as_of + to_seconds($closes_s) <= $present
    and not exists (select 1 from closed as c where c.decision_id = d.decision_id and c.slot = d.slot)
    and not exists (select 1 from contact_states as s where s.decision_id = d.decision_id and s.status = 'expired')
    -- what a guardrail took out after the draw was not chosen: it has no chance, and teaches nothing
    and not (d.batch_id = '@night' and coalesce(isnan(d.probability), true))
