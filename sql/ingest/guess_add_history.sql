-- makes:  rows of history from one source's map
-- grain:  one row an event
-- reads:  mapped (customer_id, ts, type, value, action_id, channel, paid: text or times)
-- params: $source
insert into history
select
    $source,
    customer_id,
    ts,
    type,
    try_cast(value as decimal(18, 4)),
    action_id,
    channel,
    paid
from mapped
where customer_id is not null and ts is not null and type is not null
