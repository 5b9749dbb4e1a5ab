-- makes: the suppression that says the same (SQLite)
-- grain: one row, or none
-- reads: suppression
-- params: :customer_id, :action, :tag, :channel, :until_us, :reason
select id, customer_id, action, tag, channel, until_us, reason, who, made_us
from suppression
where
    customer_id = :customer_id
    and action = :action
    and tag = :tag
    and channel = :channel
    and until_us = :until_us
    and reason = :reason
