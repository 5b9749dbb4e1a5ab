-- makes: the zones hours and days are read in
-- grain: one row per zone
-- reads: customers
-- params: $zone, the workspace's
select $zone as zone
union
select timezone as zone from customers where timezone is not null
order by zone
