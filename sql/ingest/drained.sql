-- makes: a query result
-- grain: one row, null before the first
-- reads: drained
-- params: journal
select max(position) from drained where journal = $journal
