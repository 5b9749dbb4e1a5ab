-- makes: a query result
-- grain: one row per customer of the decision log; an anonymous decision is a customer of its own
-- reads: decisions
-- params: none
select distinct coalesce(source_id, '@' || source || '/' || decision_id) as customer_id
from decisions
order by customer_id
