-- makes: a query result
-- grain: one row per kind of odd outcome
-- reads: outcomes, decisions
-- params: source
select
    case when d.as_of is null then 'of no decision loaded yet: kept until it is' else 'before its decision' end as oddity,
    count(*) as n_rows,
    min(o.decision_id) as example
from outcomes as o
left join (select decision_id, min(as_of) as as_of from decisions group by decision_id) as d using (decision_id)
where o.source = $source and (d.as_of is null or o.ts < d.as_of)
group by oddity
order by oddity
