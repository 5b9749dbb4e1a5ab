-- makes:  the first and last event, and how many events and customers
-- grain:  one row
-- reads:  history
-- params: none
select min(ts) as first_time, max(ts) as last_time, count(*) as events, count(distinct customer_id) as customers
from history
