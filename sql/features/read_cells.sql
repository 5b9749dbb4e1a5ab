-- makes: the cells of a range of moments, finished into values
-- grain: one row per moment and event type that has events
-- reads: {{ table }}, made by cells
-- params: $first, $last, the range first <= moment < last
select moment, code, {{ columns }}
from {{ table }}
where moment >= $first and moment < $last
