-- makes: the rows of one result for a range of moments
-- grain: one row per moment in the range that has events
-- reads: {{ table }}, a result made by create_result
-- params: $first, $last, the range first <= moment < last
select * from {{ table }} where moment >= $first and moment < $last
