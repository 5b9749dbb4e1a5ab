-- makes: rows in changes
-- grain: one row
-- reads: nothing
-- params: $action_id, $since, $seen, $kept, $detail
insert into changes (action_id, since, seen, kept, detail) values ($action_id, $since, $seen, $kept, $detail)
