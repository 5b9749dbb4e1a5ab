-- makes: a query result
-- grain: one row per contact event since a time, before its moment
-- reads: moments, events
-- params: $types, event types of the role contact; $since, a time
select m.moment, epoch_us(e.ts) as at_us, e.action_id, e.channel, e.decision_id
from moments as m
join events as e on e.source_id = m.customer_id and e.ts < m.as_of
where e.type in (select unnest($types)) and e.ts > $since
order by m.moment, e.ts
