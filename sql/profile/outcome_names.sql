-- makes: a query result
-- grain: one row per objective that outcomes are loaded for; null: those that name none
-- reads: outcomes
-- params: none
select objective, count(*) as outcomes
from outcomes
group by objective
order by objective nulls last
