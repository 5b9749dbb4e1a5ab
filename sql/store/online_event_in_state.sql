-- makes: whether the state holds a journalled event already (SQLite)
-- grain: one row, or none
-- reads: journal
-- params: :customer_id, :event_id, :journal_position, :cut_us
select 1
from journal
where event_id = :event_id and customer_id = :customer_id and position <= :journal_position and ts_us < :cut_us
