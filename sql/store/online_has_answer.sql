-- makes: whether the same was answered before (SQLite)
-- grain: one row, or none
-- reads: answer_journal
-- params: :decision_id, :outcome_id, :objective, :status
select 1
from answer_journal
where decision_id = :decision_id and outcome_id = :outcome_id and objective = :objective and status = :status
