-- makes: the suppressions of several customers that end after a time, those for everybody among them (SQLite)
-- grain: one row per suppression, oldest first
-- reads: suppression
-- params: :customer_ids, a JSON array; :present_us
select id, customer_id, action, tag, channel, until_us, reason, who, made_us
from suppression
where customer_id in (select value from json_each(:customer_ids) union all select '') and until_us > :present_us
order by id
