-- makes: known, staged events whose id is stored already
-- grain: one row per such event
-- reads: staged, surplus, events, batches
-- params: source, whole_time (true: an id may come back with another time; false: equal ids have equal times)
create or replace temp table known as
with bounds as (
    select min(ts) as first_ts, max(ts) as last_ts from staged where reason is null
),
stored as (
    select * from events
    where
        source = $source
        and ($whole_time or ts between (select first_ts from bounds) and (select last_ts from bounds))
)
select
    s._row,
    b.file,
    row(s.ts, s.type, s.customer_id, s.value, s.action_id, s.channel, s.decision_id, s.attributes)
    is distinct from row(e.ts, e.type, e.source_id, e.value, e.action_id, e.channel, e.decision_id, e.attributes)
        as differs,
    row(s.ts, s.type, s.customer_id, s.value, s.action_id, s.channel, s.decision_id, s.attributes)
    < row(e.ts, e.type, e.source_id, e.value, e.action_id, e.channel, e.decision_id, e.attributes) as wins,
    s.event_id
from staged as s
join stored as e on e.event_id = s.event_id
left join batches as b on b.batch_id = e.batch_id
where s.reason is null and not exists (select 1 from surplus where surplus._row = s._row)
