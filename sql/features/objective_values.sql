-- makes: what the events of one objective amount to after each moment, or after what was done there went out
-- grain: one row per moment with such events
-- reads: moments, moment_actions, events
-- params: $event, the type; $within_s, the window in seconds; $clip, most one event counts (null: no limit);
--         $match_action, whether only events of the moment's own action count
select
    m.moment,
    count(*) as events,
    coalesce(sum(case when e.value > $clip then $clip else e.value end), 0)::double as total -- no value, no money
from moments as m
join moment_actions as a on a.moment = m.moment
join events as e
    on e.source_id = m.customer_id
    and e.type = $event
    and e.ts >= coalesce(a.began, m.as_of)
    and e.ts < coalesce(a.began, m.as_of) + to_seconds($within_s)
where not $match_action or e.action_id = a.action_id
group by m.moment
