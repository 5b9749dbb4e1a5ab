-- makes:  the number of contacts (a customer, a time, an action), and of those that went out on several channels
-- grain:  one row
-- reads:  history
-- params: $contacts (list of event types)
with contacts as (
    select count(distinct channel) as channels
    from history
    where type in (select unnest($contacts))
    group by customer_id, ts, action_id
)
select count(*) as contacts, count(*) filter (where channels > 1) as of_several
from contacts
