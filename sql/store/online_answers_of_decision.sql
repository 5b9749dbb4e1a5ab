-- makes: everything answered to one decision (SQLite)
-- grain: one row per answer, in the order they came
-- reads: answer_journal
-- params: :decision_id
select decision_id, outcome_id, objective, value, status, ts_us, received_us, told
from answer_journal
where decision_id = :decision_id
order by position
