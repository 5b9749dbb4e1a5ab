-- makes: the time the decision log covers before a moment, in microseconds since 1970 UTC
-- grain: one row
-- reads: decisions
-- params: $as_of, the moment
select epoch_us(min(as_of)) as first_us, epoch_us(max(as_of)) as last_us, count(*) as decisions
from decisions
where as_of < $as_of
