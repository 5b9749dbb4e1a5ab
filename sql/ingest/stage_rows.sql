-- makes: a query result
-- grain: one row per record of the file, good or rejected
-- reads: incoming, lookups
-- params: none
with tried as (
    select _row, _line, _lines, _raw, _problem, _detail, {{ tried }}
    from ({{ rows }}) as r
),
judged as (
    select *, coalesce({{ faults }}) as fault from tried
)
select
    _row, _line, _lines,
    fault.reason as reason,
    fault.detail as detail,
    case when fault is not null then rtrim(_raw, chr(10) || chr(13)) end as _raw,
    {{ outputs }}
from judged
