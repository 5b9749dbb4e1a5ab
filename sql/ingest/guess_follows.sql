-- makes:  of every type, the share of events that come after a contact of the same customer (and action, if named)
-- grain:  one row an event type
-- reads:  history
-- params: $contacts (list of event types)
with first_contact as (
    select customer_id, action_id, min(ts) as ts
    from history
    where type in (select unnest($contacts))
    group by customer_id, action_id
),
after_contact as (
    select
        h.type,
        exists (
            select 1
            from first_contact c
            where c.customer_id = h.customer_id and c.ts <= h.ts
                and (h.action_id is null or c.action_id is null or c.action_id = h.action_id)
        ) as follows
    from history h
)
select type, avg(follows::int) as share
from after_contact
group by type
