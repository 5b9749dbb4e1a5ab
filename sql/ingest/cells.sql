-- makes: a query result
-- grain: one row per row of the file
-- reads: incoming
-- params: none
select {{ cells }} from incoming
