-- makes: rows in watched
-- grain: its one row
-- reads: nothing
-- params: $position, $body
insert or replace into watched (only_row, position, body) values (1, $position, $body)
