-- makes: a query result
-- grain: one row per map a source's files were loaded with
-- reads: batches
-- params: source
select map_hash, sum(accepted)::bigint as n_rows from batches where source = $source group by map_hash order by map_hash
