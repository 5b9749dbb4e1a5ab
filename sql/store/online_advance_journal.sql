-- makes: the position after which a journal goes on (SQLite)
-- grain: one row
-- reads: nothing
-- params: :journal, its table; :position
update sqlite_sequence set seq = max(seq, :position) where name = :journal
