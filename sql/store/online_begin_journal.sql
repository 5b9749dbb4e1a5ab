-- makes: the position after which a journal that gave none yet goes on (SQLite)
-- grain: one row
-- reads: nothing
-- params: :journal, its table; :position
insert into sqlite_sequence (name, seq) values (:journal, :position)
