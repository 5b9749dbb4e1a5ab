-- makes: a query result
-- grain: one row per verdict
-- reads: due
-- params: none
select verdict, count(*) from due group by verdict
