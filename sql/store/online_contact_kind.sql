-- makes: what contacts of a kind are of (SQLite)
-- grain: one row, or none
-- reads: contact_kind
-- params: :kind
select action_id, channel, tags, cost from contact_kind where kind = :kind
