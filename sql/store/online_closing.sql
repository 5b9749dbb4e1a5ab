-- makes: up to which decisions outcome windows were closed (SQLite)
-- grain: one row or none
-- reads: closing
-- params: none
select closed_us, settled_us from closing
