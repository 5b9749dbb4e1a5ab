-- makes: customer, what is known about each customer at the cut (SQLite)
-- grain: one row per customer
-- reads: nothing
-- params: none
create table customer (customer_id text primary key, body blob not null) without rowid
