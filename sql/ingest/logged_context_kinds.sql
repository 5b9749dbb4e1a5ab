-- makes: a query result
-- grain: one row per name of the context; of several kinds it counts as text
-- reads: logged_context
-- params: none
select name, case when count(distinct kind) = 1 then any_value(kind) else 'text' end as kind
from logged_context
group by name
order by name
