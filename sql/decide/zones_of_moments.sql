-- makes: the zone of each moment
-- grain: one row per moment, in their order
-- reads: moments
-- params: none
select zone from moments order by moment
