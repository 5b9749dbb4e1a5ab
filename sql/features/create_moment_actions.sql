-- makes: moment_actions, the action taken at each moment (null where none)
-- grain: one row per moment
-- reads: action_rows, registered by the caller
-- params: none
create or replace temp table moment_actions as select moment, action_id from action_rows
