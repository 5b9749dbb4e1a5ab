-- makes: a query result
-- grain: one row per closed window of an own decision, the newest $most by beginning and then by closing, oldest first
-- reads: closed, decisions, contact_said, reviewed
-- params: most; until, the newest beginning of windows that had ended, with their wait; each_slot, whether each slot of a slate has an
--   outcome of its own; else its first stands for it
select
    c.position,
    coalesce(d.source_id, '@' || d.decision_id) as customer_id,     -- nobody has the id of an anonymous visitor
    epoch_us(d.as_of) as as_of_us,
    epoch_us(coalesce(r.out_at, d.as_of)) as began_us,              -- later where a person let it go out
    d.action_id,
    d.channel,
    d.context,
    c.outcome                                                       -- currency
from closed as c
inner join decisions as d on d.source = 'nbatool' and d.decision_id = c.decision_id and d.slot = c.slot
left join reviewed as r on r.decision_id = c.decision_id
where
    ($each_slot or c.slot = 1)
    -- When a window was closed says when somebody got round to it, not when its outcome was known.
    and coalesce(r.out_at, d.as_of) <= $until
    -- A contact that was not made after all says nothing about its action.
    and d.decision_id not in (select decision_id from contact_said where status = 'released')
    -- Without any candidate there was no choice, and what came of it says nothing about one.
    and (d.removed is null or len(list_filter(d.removed, lambda step: step = 0)) > 1)
qualify row_number() over (order by began_us desc, c.position desc) <= $most
order by began_us, c.position
