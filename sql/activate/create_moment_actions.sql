-- makes: moment_actions, what was done at each of those moments, where what came of it begins
-- grain: one row per moment
-- reads: logged
-- params: none
create or replace temp table moment_actions as select row as moment, action_id, cast(null as timestamp) as began from logged
