-- makes: a number that is another one after another connection committed (SQLite)
-- grain: one row
-- reads: nothing
-- params: none
pragma data_version
