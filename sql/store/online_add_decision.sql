-- makes: one journalled decision; the same decision_id again changes nothing (SQLite)
-- grain: one row
-- reads: nothing
-- params: :decision_id, :customer_id, :as_of_us, :closes_us, :body
insert into decision_journal (decision_id, customer_id, as_of_us, closes_us, body)
values (:decision_id, :customer_id, :as_of_us, :closes_us, :body)
on conflict (decision_id) do nothing
