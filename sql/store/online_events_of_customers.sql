-- makes: the journalled events of several customers that the state does not hold (SQLite)
-- grain: one row per event, oldest first of each customer
-- reads: journal
-- params: :customer_ids, a JSON array, each once; :journal_position, :cut_us
select j.customer_id, j.event_id, j.ts_us, j.type, j.value, j.action_id, j.channel, j.decision_id, j.attributes
from json_each(:customer_ids) as asked
cross join journal as j on j.customer_id = asked.value
where j.position > :journal_position or j.ts_us >= :cut_us
order by j.ts_us, j.position
