-- makes: a query result
-- grain: at most one row
-- reads: watched
-- params: none
select position, body from watched
