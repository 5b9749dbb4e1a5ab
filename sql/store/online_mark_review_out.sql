-- makes: the night whose action file an approved decision goes out with; the first one stands (SQLite)
-- grain: one row, or none
-- reads: review
-- params: :decision_id, :as_of_us
update review
set out_as_of_us = :as_of_us
where decision_id = :decision_id and state = 'approved' and out_as_of_us is null
