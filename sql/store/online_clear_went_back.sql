-- makes: journals that did not go back: contacts have been put back (SQLite)
-- grain: one row per journal that had gone back
-- reads: drained
-- params: none
update drained set went_back = 0 where went_back = 1
