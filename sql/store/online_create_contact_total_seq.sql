-- makes: an index of contact_total by when rows changed, for readers that know the older ones (SQLite)
-- grain: one entry per row
-- reads: contact_total
-- params: none
create index if not exists contact_total_seq on contact_total (seq)
