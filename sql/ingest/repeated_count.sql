-- makes: a query result
-- grain: one row
-- reads: repeated
-- params: none
select count(*) from repeated
