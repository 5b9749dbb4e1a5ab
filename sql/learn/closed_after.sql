-- makes: closed windows after a position, when they began, and whether there was a choice: without any candidate what came of a decision
--   says nothing about one
-- grain: one row per window, in the order they were closed
-- reads: closed, decisions, reviewed
-- params: $position, $most
with page as (
    select position, decision_id, slot, as_of, outcome
    from closed
    where position > $position
    order by position
    limit $most
)

select
    p.position,
    p.decision_id,
    p.slot,
    epoch_us(p.as_of) as as_of_us,
    epoch_us(coalesce(r.out_at, p.as_of)) as began_us,
    p.outcome,
    d.action_id,
    d.channel,
    d.removed is null or len(list_filter(d.removed, lambda step: step = 0)) > 1 as had_choice
from page as p
left join decisions as d on d.source = 'nbatool' and d.decision_id = p.decision_id and d.slot = p.slot
left join reviewed as r on r.decision_id = p.decision_id
order by p.position
