-- makes: contact_total without old hours in which nothing is left (SQLite)
-- grain: one row per row deleted
-- reads: contact_total
-- params: :bucket, the first hour that stays
delete from contact_total where n = 0 and bucket < :bucket
