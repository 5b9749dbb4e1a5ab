-- makes: moments, when the windows of the decisions begin that earn an outcome
-- grain: one row per moment
-- reads: due
-- params: none
create or replace temp table moments as
select moment, source_id as customer_id, began as as_of, cast(null as varchar) as zone
from due
where verdict = 'earns'
