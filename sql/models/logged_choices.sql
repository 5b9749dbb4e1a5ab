-- makes: a query result
-- grain: one row per row of logged whose candidates are known, by their list
-- reads: logged
-- params: none
select row, candidate_set, probabilities, removed
from logged
where candidate_set is not null
order by candidate_set, row
