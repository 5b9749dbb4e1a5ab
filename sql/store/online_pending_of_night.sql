-- makes: ids of the decisions of a night that wait for a person (SQLite)
-- grain: one row per decision, by id
-- reads: review
-- params: :as_of_us
select decision_id
from review
where as_of_us = :as_of_us and state = 'pending'
order by decision_id
