-- makes: the attributes loaded for one kind of record, with their type
-- grain: one row per attribute
-- reads: attributes_seen
-- params: $kind, events or customers
select name, case when count(distinct type) = 1 then min(type) else 'text' end as type
from attributes_seen
where kind = $kind
group by name
order by name
