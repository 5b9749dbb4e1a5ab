-- makes: the snapshot of the fast learner (SQLite)
-- grain: one row, or none before the first
-- reads: posterior
-- params: none
select model_version, body, lesson_position, closed_position, learned_us from posterior
