-- makes: moment_actions, the action taken at each moment (null where none), and when what came of it began (null: then)
-- grain: one row per moment
-- reads: action_rows, registered by the caller
-- params: none
create or replace temp table moment_actions as select moment, action_id, make_timestamp(began_us) as began from action_rows
