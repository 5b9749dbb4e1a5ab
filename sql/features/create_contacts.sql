-- makes: contacts, what passed between customer and action before a moment, in the long window
-- grain: one row per moment, role, action and channel
-- reads: moments, events, pair_types
-- params: $short_us, $long_us, the windows in microseconds
create or replace temp table contacts as
select
    m.moment,
    p.role,
    e.action_id,
    e.channel,
    count(*) filter (where epoch_us(m.as_of) - epoch_us(e.ts) <= $short_us) as short,
    count(*) as long,
    min(epoch_us(m.as_of) - epoch_us(e.ts)) // 1000000 as last_s  -- whole seconds
from moments as m
join events as e on e.source_id = m.customer_id and e.ts < m.as_of
join pair_types as p on p.type = e.type
where epoch_us(m.as_of) - epoch_us(e.ts) <= $long_us
group by m.moment, p.role, e.action_id, e.channel
