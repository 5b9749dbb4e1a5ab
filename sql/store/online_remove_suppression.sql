-- makes: nothing; deletes a suppression (SQLite)
-- grain: one row, or none
-- reads: suppression
-- params: :id
delete from suppression where id = :id
