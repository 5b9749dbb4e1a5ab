-- makes: a query result
-- grain: one row per group, and one per row that cannot be read at all
-- reads: incoming, lookups
-- params: none
with lined as (
    select _row, _line, _raw, _problem, _detail, {{ columns }}
    from ({{ rows }}) as r
)
select
    min(_row) as _row,
    min(_line) as _line,
    arg_min(_raw, _row) as _raw,
    coalesce(min(_problem), case when bool_or({{ spoiled }}) then 'a value to aggregate cannot be read' end) as _problem,
    min(_detail) as _detail,
    count(*) as _lines,
    {{ outputs }}
from lined
group by {{ keys }}, _problem is null, case when _problem is not null then _row end
