-- makes: the suppressions that hold at a time (SQLite)
-- grain: one row per suppression, oldest first
-- reads: suppression
-- params: :present_us
select id, customer_id, action, tag, channel, until_us, reason, who, made_us
from suppression
where until_us > :present_us
order by id
