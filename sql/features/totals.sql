-- makes: the slots that add up several event types
-- grain: one row per moment that has events
-- reads: {{ table }}, made by cells
-- params: none
select moment, {{ slots }}
from {{ table }}
group by moment
