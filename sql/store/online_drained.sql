-- makes: up to where a journal was drained, as this file knows (SQLite)
-- grain: one row, or none where it never was
-- reads: drained
-- params: :journal, its table
select position from drained where journal = :journal
