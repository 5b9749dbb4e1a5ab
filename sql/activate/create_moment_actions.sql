-- makes: moment_actions, what was done at each of those moments
-- grain: one row per moment
-- reads: logged
-- params: none
create or replace temp table moment_actions as select row as moment, action_id from logged
