-- makes: staged, the records of one file
-- grain: one row per record of the file, good or rejected
-- reads: incoming, lookups
-- params: none
create or replace temp table staged as {{ query }}
