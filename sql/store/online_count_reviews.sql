-- makes: how many decisions of the review queue are in each state (SQLite)
-- grain: one row per state
-- reads: review
-- params: none
select state, count(*)
from review
group by state
