-- makes: a query result, empty where every key is unique
-- grain: one key that stands in several rows
-- reads: lookup_<name>
-- params: none
select k, count(*) as n_rows, count(*) over () as n_keys
from {{ table }}
where k is not null
group by k
having count(*) > 1
order by k
limit 1
