-- makes: a query result
-- grain: one row
-- reads: surplus
-- params: none
select count(*) as n_rows, count(*) filter (where differs) as n_conflicts from surplus
