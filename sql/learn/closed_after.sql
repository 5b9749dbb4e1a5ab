-- makes: closed windows after a position, and whether there was a choice: without any candidate what came of a decision
--   says nothing about one
-- grain: one row per window, in the order they were closed
-- reads: closed, decisions
-- params: $position, $most
select
    c.position,
    c.decision_id,
    c.slot,
    c.outcome,
    d.action_id,
    d.channel,
    d.removed is null or len(list_filter(d.removed, lambda step: step = 0)) > 1 as had_choice
from closed as c
left join decisions as d on d.source = 'nbatool' and d.decision_id = c.decision_id and d.slot = c.slot
where c.position > $position
order by c.position
limit $most
