-- makes: a query result
-- grain: one row, null without moments
-- reads: moments
-- params: none
select epoch_us(max(as_of)) as newest_us from moments
