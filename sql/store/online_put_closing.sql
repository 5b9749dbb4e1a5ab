-- makes: up to which decisions outcome windows were closed; it never goes back (SQLite)
-- grain: one row
-- reads: closing
-- params: :closed_us, :settled_us
insert into closing (only, closed_us, settled_us) values (1, :closed_us, :settled_us)
on conflict (only) do update set
    closed_us = max(closing.closed_us, excluded.closed_us),
    settled_us = max(closing.settled_us, excluded.settled_us)
