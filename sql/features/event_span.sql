-- makes: the time the events cover, in microseconds since 1970 UTC
-- grain: one row
-- reads: events
-- params: none
select epoch_us(min(ts)) as first_us, epoch_us(max(ts)) as last_us
from events
