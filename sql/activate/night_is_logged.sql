-- makes: a query result
-- grain: one row: whether a night of this moment is in the decision log
-- reads: decisions
-- params: as_of
select
    exists (
        select 1 from decisions where source = 'nbatool' and batch_id = '@night' and as_of = $as_of
    ) as is_logged
