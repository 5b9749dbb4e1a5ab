-- makes: moment_actions, what was done at each of those moments
-- grain: one row per moment
-- reads: due
-- params: none
create or replace temp table moment_actions as select moment, action_id from due where verdict = 'earns'
