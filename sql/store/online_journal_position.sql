-- makes: the highest position a journal ever gave (SQLite)
-- grain: one row, or none where it gave none yet
-- reads: sqlite_sequence
-- params: :journal, its table
select seq from sqlite_sequence where name = :journal
