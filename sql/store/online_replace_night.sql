-- makes: room for a night decided again (SQLite)
-- grain: one row per file of that night
-- reads: night
-- params: :as_of_us
delete from night where as_of_us = :as_of_us
