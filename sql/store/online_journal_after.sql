-- makes: journalled events after a position (SQLite)
-- grain: one row per event, in the order they came
-- reads: journal
-- params: :position, :most
select position, event_id, customer_id, ts_us, type, value, action_id, channel, decision_id, attributes
from journal
where position > :position
order by position
limit :most
