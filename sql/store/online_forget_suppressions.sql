-- makes: nothing; deletes suppressions that ended before a time (SQLite)
-- grain: one row per suppression
-- reads: suppression
-- params: :before_us
delete from suppression where until_us <= :before_us
