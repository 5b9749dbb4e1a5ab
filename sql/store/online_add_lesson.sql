-- makes: one window closed live; a decision has one (SQLite)
-- grain: one row
-- reads: nothing
-- params: :decision_id, :model_version, :action_id, :channel, :as_of_us, :outcome, :expected, :phi, :closed_us
insert into lesson (decision_id, model_version, action_id, channel, as_of_us, outcome, expected, phi, closed_us)
values (:decision_id, :model_version, :action_id, :channel, :as_of_us, :outcome, :expected, :phi, :closed_us)
on conflict (decision_id) do nothing
