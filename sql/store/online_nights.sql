-- makes: the files of the nights' decisions (SQLite)
-- grain: one row per file, newest moment first
-- reads: night
-- params: none
select file, as_of_us, closes_us, seed, decisions, written_us
from night
order by as_of_us desc, written_us desc, file
