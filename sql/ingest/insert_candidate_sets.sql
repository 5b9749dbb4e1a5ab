-- makes: rows in candidate_sets
-- grain: one row per list of candidates that is not stored yet
-- reads: logged, candidate_sets
-- params: none
insert into candidate_sets (candidate_set, candidates)
select candidate_set, candidates
from (select distinct candidate_set, candidates from logged where candidates is not null) as new
where not exists (select 1 from candidate_sets as c where c.candidate_set = new.candidate_set)
