-- makes: a query result
-- grain: one row
-- reads: decisions
-- params: $as_of, the present (exclusive)
select count(*) filter (where arm = 'control') as decisions from decisions where as_of < $as_of
