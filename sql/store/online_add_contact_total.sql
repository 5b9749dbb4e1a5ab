-- makes: contact_total with so many contacts more, or fewer where :n is below 0 (SQLite)
-- grain: one row
-- reads: contact_change
-- params: :kind, :bucket, :n
insert into contact_total (kind, bucket, n, seq)
values (:kind, :bucket, :n, (select c.seq from contact_change as c))
on conflict (kind, bucket) do update set n = n + excluded.n, seq = excluded.seq
