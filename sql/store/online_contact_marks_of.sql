-- makes: what was last said of some decisions (SQLite)
-- grain: one row per decision of which anything was said
-- reads: contact_mark
-- params: :decision_ids, a JSON array
select m.decision_id, m.status, m.ts_us
from json_each(:decision_ids) as asked
cross join contact_mark as m on m.decision_id = asked.value
