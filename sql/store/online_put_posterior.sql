-- makes: the snapshot of the fast learner (SQLite)
-- grain: one row
-- reads: nothing
-- params: :model_version, :body, :lesson_position, :closed_position, :learned_us
insert into posterior (only, model_version, body, lesson_position, closed_position, learned_us, snapshots)
values (1, :model_version, :body, :lesson_position, :closed_position, :learned_us, 1)
on conflict (only) do update set
    model_version = excluded.model_version,
    body = excluded.body,
    lesson_position = excluded.lesson_position,
    closed_position = excluded.closed_position,
    learned_us = excluded.learned_us,
    snapshots = posterior.snapshots + 1
