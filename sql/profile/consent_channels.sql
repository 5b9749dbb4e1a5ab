-- makes: the channels that consent records speak of
-- grain: one row per channel but '*'
-- reads: consent
-- params: none
select channel, count(*) as n_rows
from consent
where channel <> '*'
group by channel
order by channel
