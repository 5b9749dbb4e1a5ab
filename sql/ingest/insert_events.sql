-- makes: rows in events
-- grain: one row per new event
-- reads: staged, surplus, known
-- params: source, batch_id
insert into events
select
    $source, event_id, customer_id, ts, type, value, action_id, channel, decision_id, attributes, $batch_id
from staged
where
    reason is null
    and _row not in (select _row from surplus)
    and _row not in (select _row from known where not wins)
