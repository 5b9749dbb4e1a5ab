-- makes: consent_marks, the newest word of the customer of each moment on each channel, said before the moment
-- grain: one row per moment and channel that something was said of ('*': all channels)
-- reads: moments, consent, events
-- params: $unsubscribes, the event types that are an opt-out
create or replace temp table consent_marks as
with told as (
    select source_id, channel, ts, state = 'out' as is_out from consent
    union all
    select source_id, coalesce(nullif(trim(channel), ''), '*'), ts, true
    from events
    where type in (select unnest($unsubscribes))
),
single as (
    -- a message on several channels at once is called by all of them
    select source_id, ts, is_out, unnest(string_split(channel, '+')) as channel from told
)
select
    m.moment,
    s.channel,
    max(2 * epoch_us(s.ts) + cast(s.is_out as bigint)) as mark    -- 2 × µs since 1970, plus 1 for an opt-out
from moments as m
join single as s on s.source_id = m.customer_id and s.ts < m.as_of
group by m.moment, s.channel
