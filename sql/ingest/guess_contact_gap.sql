-- makes:  the different times of contacts, their span in seconds, and a customer's median seconds between contacts
-- grain:  one row
-- reads:  history
-- params: $contacts (list of event types)
with contacts as (
    select customer_id, ts, lag(ts) over (partition by customer_id order by ts) as before
    from history
    where type in (select unnest($contacts))
)
select
    count(*) as contacts,
    count(distinct ts) as times,
    epoch(max(ts)) - epoch(min(ts)) as span_s,
    median(epoch(ts) - epoch(before)) filter (where ts > before) as gap_s
from contacts
