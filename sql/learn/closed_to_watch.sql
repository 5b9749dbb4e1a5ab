-- makes: a query result
-- grain: one row per closed window of a choice after a position, at most $most a day, by day and decision; the day is that of
--   the decision, or on which a person let it go out
-- reads: closed, decisions, reviewed
-- params: $position, $most
select
    date_trunc('day', coalesce(r.out_at, d.as_of)) as day,
    c.decision_id,
    d.action_id,
    epoch_us(d.as_of) as as_of_us,
    c.outcome                                                       -- currency
from closed as c
inner join decisions as d on d.source = 'nbatool' and d.decision_id = c.decision_id and d.slot = c.slot
left join reviewed as r on r.decision_id = c.decision_id
where
    c.position > $position
    and c.slot = 1
    -- Without any candidate there was no choice, and what came of it says nothing about one.
    and (d.removed is null or len(list_filter(d.removed, lambda step: step = 0)) > 1)
-- Ids are drawn by hash, so that the first of them are a fair sample.
qualify row_number() over (partition by day, d.action_id order by c.decision_id) <= $most
order by day, c.decision_id
