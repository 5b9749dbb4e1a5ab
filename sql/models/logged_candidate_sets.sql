-- makes: a query result
-- grain: one row per list of candidates in use
-- reads: logged, candidate_sets
-- params: none
select candidate_set, candidates
from candidate_sets
where candidate_set in (select distinct candidate_set from logged)
order by candidate_set
