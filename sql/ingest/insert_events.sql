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
    and not exists (select 1 from surplus where surplus._row = staged._row)
    and not exists (select 1 from known where known._row = staged._row and not wins)
