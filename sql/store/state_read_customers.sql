-- makes: several customers (SQLite)
-- grain: one row per customer that is known
-- reads: customer
-- params: customer ids, a JSON array, by position
select c.customer_id, c.body
from json_each(?) as asked
cross join customer as c on c.customer_id = asked.value
