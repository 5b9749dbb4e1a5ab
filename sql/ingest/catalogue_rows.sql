-- makes: a query result
-- grain: one row per row of the catalogue's file
-- reads: incoming
-- params: none
select _row, _line, _problem, _detail, {{ failed }}, {{ outputs }}
from (select _row, _line, _problem, _detail, {{ tried }} from ({{ rows }}) as r) as tried
order by _row
