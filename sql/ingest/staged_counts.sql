-- makes: a query result
-- grain: one row
-- reads: staged
-- params: none
select count(*) as n_rows, sum(_lines) as n_lines, count(reason) as n_rejected, {{ missed }}
from staged
