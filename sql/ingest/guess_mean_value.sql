-- makes:  the mean positive value of a type's events, each clipped
-- grain:  one row
-- reads:  history
-- params: $type, $clip (null: none)
select avg(least(value, coalesce($clip, value))::double) as mean_value
from history
where type = $type and value > 0
