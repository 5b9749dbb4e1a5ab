-- makes: everything that holds for all customers (SQLite)
-- grain: one row per key
-- reads: meta
-- params: none
select key, value from meta
