-- makes:  how many contacts went out on each channel (null: none named)
-- grain:  one row a channel, the most frequent first
-- reads:  history
-- params: $contacts (list of event types)
select channel, count(*) as contacts
from history
where type in (select unnest($contacts))
group by channel
order by contacts desc, channel
