-- makes: what was said of the decisions of a night, and the night whose action file each went out with (null: not yet) (SQLite)
-- grain: one row per decision of which something was said
-- reads: review
-- params: :as_of_us
select decision_id, state, out_as_of_us
from review
where as_of_us = :as_of_us and state <> 'pending'
