-- makes: journalled answers after a position (SQLite)
-- grain: one row per answer, in the order they came
-- reads: answer_journal
-- params: :position, :most
select position, decision_id, outcome_id, objective, value, status, ts_us, received_us, told
from answer_journal
where position > :position
order by position
limit :most
