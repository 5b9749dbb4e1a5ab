-- makes: surplus, staged records that another one of the same file stands for
-- grain: one row per such record
-- reads: nothing
-- params: none
create or replace temp table surplus (_row bigint, differs boolean)
