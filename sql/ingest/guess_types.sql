-- makes:  what tells the event types apart
-- grain:  one row an event type, the most frequent first
-- reads:  history
-- params: none
select
    type,
    count(*) as n_rows,
    count(distinct customer_id) as customers,
    count(distinct ts) as times,
    count(value) as with_value,
    count(action_id) as with_action,
    count(paid) as with_reward,
    count(*) filter (where value < 0) as negative
from history
group by type
order by n_rows desc, type
