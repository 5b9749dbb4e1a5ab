-- makes: known, staged outcomes that are stored already
-- grain: one row per such outcome
-- reads: posted, surplus, outcomes, batches
-- params: source
create or replace temp table known as
select
    p._row,
    b.file,
    row(p.ts, p.value, p.objective) is distinct from row(o.ts, o.value, o.objective) as differs,
    row(p.ts, -p.value, p.objective) < row(o.ts, -o.value, o.objective) as wins,
    p.decision_id,
    p.outcome_id
from posted as p
join outcomes as o
    on o.source = $source and o.decision_id = p.decision_id and o.slot is null and o.outcome_id = p.outcome_id
left join batches as b on b.batch_id = o.batch_id
where not exists (select 1 from surplus where surplus._row = p._row)
