-- makes: a query result
-- grain: one row per row of the file
-- reads: incoming
-- params: none
select
    {{ cells }},
    case
        when _problem is not null then _problem
        when _cells is null then 'not JSON'
        when
            case
                when regexp_matches(array_to_string(_cells, ' '), '(?i)nan|inf')
                then regexp_matches(_raw, {{ not_a_number }})
                else false
            end then 'NaN and Infinity are not JSON'
        when starts_with(_raw, '{') then null
        when not starts_with(ltrim(_raw, ' ' || chr(9) || chr(13)), '{') then 'not a JSON object'
    end as _problem,
    _detail
from (
    select *, try(json_extract_string(_raw, {{ pointers }})) as _cells from incoming
) as extracted
