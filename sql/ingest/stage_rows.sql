-- makes: a query result
-- grain: one row per record of the file, good or rejected
-- reads: incoming, lookups
-- params: none
with tried as (
    select _row, _line, _lines, _raw, _problem, _detail, {{ tried }} from ({{ rows }}) as r
),
texted as (
    select *, {{ texts }} from tried
),
timed as (
    select *, {{ locals }} from texted
),
valued as (
    select *, {{ values }} from timed
),
judged as (
    select *, {{ fault }} as fault from valued
)
select
    _row, _line, _lines,
    case when fault is not null then {{ reason }} end as reason,
    case when fault is not null then {{ detail }} end as detail,
    case when fault is not null then rtrim(_raw, chr(10) || chr(13)) end as _raw,
    {{ outputs }}
from judged
