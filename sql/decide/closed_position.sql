-- makes: a query result
-- grain: one row
-- reads: closed
-- params: none
select max(position) as position from closed
