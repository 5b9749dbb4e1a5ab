-- makes: windows closed live after a position (SQLite)
-- grain: one row per window, in the order they were closed
-- reads: lesson
-- params: :position, :most
select position, decision_id, model_version, action_id, channel, as_of_us, outcome, expected, phi, closed_us
from lesson
where position > :position
order by position
limit :most
