-- makes: nothing; the decision log is whole again
-- grain: none
-- reads: nothing
-- params: none
drop view if exists temp.decisions
