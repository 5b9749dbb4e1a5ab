-- makes: the suppressions that hold for a customer at a time, those for everybody among them (SQLite)
-- grain: one row per suppression, oldest first
-- reads: suppression
-- params: :customer_id; :present_us
select id, customer_id, action, tag, channel, until_us, reason, who, made_us
from suppression
where customer_id in ('', :customer_id) and until_us > :present_us
order by id
