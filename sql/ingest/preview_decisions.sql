-- makes: a query result
-- grain: one row per record of the file's beginning
-- reads: staged, logged
-- params: n
select
    s.decision_id,
    s.customer_id,
    strftime(s.ts, '%Y-%m-%dT%H:%M:%SZ') as ts,
    s.action_id, l.channel, s.position, l.probability, s.policy, l.candidates, l.context,
    nullif(array_to_string(list_transform(
        list_filter(s.outcomes, lambda o: o.value is not null), lambda o: o.name || '=' || cast(o.value as varchar)
    ), ' '), '') as outcomes,
    s.reason as rejected
from staged as s
left join logged as l using (_row)
order by s._row
limit $n
