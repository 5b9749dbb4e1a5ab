-- makes: a suppression; the same again changes nothing (SQLite)
-- grain: one row
-- reads: nothing
-- params: :customer_id, :action, :tag, :channel, :until_us, :reason, :who, :made_us
insert into suppression (customer_id, action, tag, channel, until_us, reason, who, made_us)
values (:customer_id, :action, :tag, :channel, :until_us, :reason, :who, :made_us)
on conflict (customer_id, action, tag, channel, until_us, reason) do nothing
