-- makes: a query result
-- grain: one row per rejected record
-- reads: staged
-- params: none
select _row from staged where reason is not null order by _row
