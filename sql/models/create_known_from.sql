-- makes: known_from, since when each customer is known: the first event or word on consent, or the date it is listed
--   with (none: always)
-- grain: one row per customer
-- reads: events, customers, consent
-- params: none
create or replace temp table known_from as
select
    customer_id,
    min(since) as since
from (
    select source_id as customer_id, min(ts) as since from events where source_id is not null group by source_id
    union all
    select source_id, min(coalesce(valid_from, timestamp '0001-01-01')) from customers group by source_id
    union all
    select source_id, min(ts) from consent group by source_id
) as sighting
group by customer_id
