-- makes: how many decisions wait for a person, or for the next night since one let them go out (SQLite)
-- grain: one row
-- reads: review
-- params: none
select count(*)
from review
where state = 'pending' or (state = 'approved' and out_as_of_us is null)
