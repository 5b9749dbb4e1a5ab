-- makes: what the snapshot of the fast learner rests on (SQLite)
-- grain: one row, or none before the first
-- reads: posterior
-- params: none
select model_version, closed_position, lesson_position from posterior
