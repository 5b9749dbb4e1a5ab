-- makes: a query result
-- grain: one row per reason of rejection, the most frequent first
-- reads: staged
-- params: none
select reason, count(*) as n_rows
from staged
where reason is not null
group by reason
order by n_rows desc, reason
