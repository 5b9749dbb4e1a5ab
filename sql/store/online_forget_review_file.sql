-- makes: nothing; forgets a temporary name (SQLite)
-- grain: one row per decision
-- reads: review_file
-- params: :file
delete from review_file where file = :file
