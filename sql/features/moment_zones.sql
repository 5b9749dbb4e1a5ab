-- makes: the zones of the moments
-- grain: one row per zone
-- reads: moments
-- params: none
select distinct zone from moments order by zone
