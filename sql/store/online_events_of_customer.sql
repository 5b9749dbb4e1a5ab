-- makes: the journalled events of one customer that the state does not hold (SQLite)
-- grain: one row per event, oldest first
-- reads: journal
-- params: :customer_id, :journal_position, :cut_us
select event_id, ts_us, type, value, action_id, channel, decision_id, attributes
from journal
where customer_id = :customer_id and (position > :journal_position or ts_us >= :cut_us)
order by ts_us, position
