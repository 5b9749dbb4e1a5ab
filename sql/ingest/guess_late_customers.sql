-- makes:  the number of customers with events, and of those known only after their first event
-- grain:  one row
-- reads:  history, known (customer_id, ts)
-- params: none
with first_event as (
    select customer_id, min(ts) as ts
    from history
    group by customer_id
)
select count(*) as customers, count(*) filter (where k.ts > f.ts) as late
from first_event f
join known k using (customer_id)
