-- makes: whether the warehouse had come further than a journal, and contacts have not been put back since (SQLite)
-- grain: one row
-- reads: drained
-- params: none
select exists (select 1 from drained where went_back = 1)
