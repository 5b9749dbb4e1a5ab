-- makes: known, staged slots of decisions that are stored already
-- grain: one row per such slot
-- reads: logged, surplus, decisions, batches
-- params: source, whole_time (true: an id may come back with another time; false: equal ids have equal times)
create or replace temp table known as
with bounds as (
    select min(as_of) as first_as_of, max(as_of) as last_as_of from logged
),
stored as (
    select * from decisions
    where
        source = $source
        and ($whole_time or as_of between (select first_as_of from bounds) and (select last_as_of from bounds))
)
select
    l._row,
    b.file,
    row(l.as_of, l.action_id, l.channel, l.source_id, l.probability, l.arm, l.policy, l.candidate_set, l.context)
    is distinct from
    row(d.as_of, d.action_id, d.channel, d.source_id, d.probability, d.arm, d.policy, d.candidate_set, d.context)
        as differs,
    row(l.as_of, l.action_id, l.channel, l.source_id, l.probability, l.arm, l.policy, l.candidate_set, l.context)
    < row(d.as_of, d.action_id, d.channel, d.source_id, d.probability, d.arm, d.policy, d.candidate_set, d.context)
        as wins,
    l.decision_id,
    l.slot
from logged as l
join stored as d on d.decision_id = l.decision_id and d.slot = l.slot
left join batches as b on b.batch_id = d.batch_id
where not exists (select 1 from surplus where surplus._row = l._row)
