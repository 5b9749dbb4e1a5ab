-- makes: the list without nights whose windows have closed (SQLite)
-- grain: one row per such file
-- reads: night
-- params: :closed_before_us
delete from night where closes_us < :closed_before_us
