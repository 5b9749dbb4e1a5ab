-- makes: what a contact is of, where it is not known yet (SQLite)
-- grain: one row
-- reads: nothing
-- params: :kind, :action_id, :channel, :tags, :cost
insert into contact_kind (kind, action_id, channel, tags, cost)
values (:kind, :action_id, :channel, :tags, :cost)
on conflict (kind) do nothing
