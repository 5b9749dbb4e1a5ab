-- makes: a query result
-- grain: one row per thing that could not be kept of a decision
-- reads: logged
-- params: none
select problem, count(*) as n_rows, min(decision_id) as example
from logged
where problem is not null
group by problem
order by problem
