-- makes: the next number for changes of contact_total (SQLite)
-- grain: one row
-- reads: contact_change
-- params: none
insert into contact_change (id, seq, gone_at) values (1, 1, 0)
on conflict (id) do update set seq = seq + 1
