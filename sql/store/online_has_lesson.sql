-- makes: whether a decision's window was closed live (SQLite)
-- grain: one row, or none
-- reads: lesson
-- params: :decision_id
select 1 from lesson where decision_id = :decision_id
