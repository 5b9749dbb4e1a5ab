-- makes: the approved decisions of a night, and the night whose action file each went out with (null: not yet) (SQLite)
-- grain: one row per decision
-- reads: review
-- params: :as_of_us
select decision_id, out_as_of_us
from review
where as_of_us = :as_of_us and state = 'approved'
