-- makes: how many contacts of a kind and an hour count (SQLite)
-- grain: one row, or none
-- reads: contact_total
-- params: :kind, :bucket
select n from contact_total where kind = :kind and bucket = :bucket
