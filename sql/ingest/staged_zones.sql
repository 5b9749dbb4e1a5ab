-- makes: a query result
-- grain: one row per time zone
-- reads: staged
-- params: none
select distinct timezone from staged where timezone is not null
