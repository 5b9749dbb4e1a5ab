-- makes: which sources have decisions, and from when to when
-- grain: one row per source; times in µs since 1970 UTC
-- reads: decisions
-- params: none
select source, epoch_us(min(as_of)) as first_us, epoch_us(max(as_of)) as last_us
from decisions
group by source
order by source
