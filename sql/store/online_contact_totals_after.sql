-- makes: the rows of contact_total that changed after a change (SQLite)
-- grain: one row per kind and bucket
-- reads: contact_total
-- params: :seq
select kind, bucket, n from contact_total where seq > :seq order by seq, kind, bucket
