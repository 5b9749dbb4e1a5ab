-- makes: whether the outcome of each row of logged is known
-- grain: one row per row of logged, in its order
-- reads: logged
-- params: none
select is_known from logged order by row
