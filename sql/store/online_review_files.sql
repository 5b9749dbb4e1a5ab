-- makes: the temporary names of action files that approved decisions go out with (SQLite)
-- grain: one row per name
-- reads: review_file
-- params: none
select distinct file from review_file
