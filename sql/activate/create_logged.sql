-- makes: logged (temporary), the exported decisions of others: what came of them is counted as evaluate counts it
-- grain: one row per slot of a decision; row counts from 0
-- reads: decisions
-- params: source (null: all), from_us, until_us (µs since 1970 UTC; null: no limit); ended_until, the newest decisions
--   whose windows had ended; telling, sources whose outcomes came with the decisions
create or replace temp table logged as
select
    row_number() over (order by source, decision_id, slot) - 1 as row,
    source,
    decision_id,
    slot,
    coalesce(source_id, '@' || source || '/' || decision_id) as customer_id,            -- anonymous: a customer each
    as_of,
    action_id,
    cast(null as double) as outcome,                                -- none was closed here
    as_of <= $ended_until or list_contains($telling, source) as is_known
from decisions
where
    source <> 'nbatool'
    and ($source is null or source = $source)
    and ($from_us is null or as_of >= make_timestamp($from_us))
    and ($until_us is null or as_of < make_timestamp($until_us))
