-- makes: the decisions that wait for a person, or for the next night since one let them go out (SQLite)
-- grain: one row per decision, by id; as_of_us is the night that decided it
-- reads: review
-- params: none
select decision_id, as_of_us
from review
where state = 'pending' or (state = 'approved' and out_as_of_us is null)
order by decision_id
