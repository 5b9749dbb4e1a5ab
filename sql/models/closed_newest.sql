-- makes: a query result
-- grain: one row per closed window of an own decision with a choice, the newest $most by beginning, in the order (customer, time)
-- reads: closed, decisions, contact_said, reviewed
-- params: most; until, the newest beginning of windows that had ended, with their wait
select
    coalesce(d.source_id, '@' || d.decision_id) as customer_id,     -- nobody has the id of an anonymous visitor
    epoch_us(d.as_of) as as_of_us,
    d.action_id,
    d.channel,
    d.probability,
    c.outcome                                                       -- currency
from closed as c
inner join decisions as d on d.source = 'nbatool' and d.decision_id = c.decision_id and d.slot = c.slot
left join reviewed as r on r.decision_id = c.decision_id
where
    -- When a window was closed says when somebody got round to it, not when its outcome was known.
    coalesce(r.out_at, d.as_of) <= $until
    -- A contact that was not made after all says nothing about its action.
    and d.decision_id not in (select decision_id from contact_said where status = 'released')
    and (d.removed is null or len(list_filter(d.removed, lambda step: step = 0)) > 1)
qualify row_number() over (order by coalesce(r.out_at, d.as_of) desc, c.position desc) <= $most
order by customer_id, as_of_us, c.position
