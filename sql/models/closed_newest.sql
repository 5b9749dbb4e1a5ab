-- makes: a query result
-- grain: one row per closed window of an own decision with a choice, the newest $most by decision, in the order (customer, time)
-- reads: closed, decisions
-- params: most, until
select
    coalesce(d.source_id, '@' || d.decision_id) as customer_id,     -- nobody has the id of an anonymous visitor
    epoch_us(d.as_of) as as_of_us,
    d.action_id,
    d.channel,
    d.probability,
    c.outcome                                                       -- currency
from closed as c
inner join decisions as d on d.source = 'nbatool' and d.decision_id = c.decision_id and d.slot = c.slot
where
    d.as_of < $until and c.closed_at <= $until
    and (d.removed is null or len(list_filter(d.removed, lambda step: step = 0)) > 1)
qualify row_number() over (order by d.as_of desc, c.position desc) <= $most
order by customer_id, as_of_us, c.position
