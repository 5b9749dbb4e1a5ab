-- makes: logged (temporary), every decision of the log, whatever became of it: also contacts that were never made and
--   windows still open
-- grain: one row per slot of a decision; row counts from 0 in the order (customer, time, decision, slot)
-- reads: decisions
-- params: from_ts, until_ts
create or replace temp table logged as
select
    row_number() over (order by customer_id, as_of, source, decision_id, slot) - 1 as row,
    *
from (
    select
        d.source,
        d.decision_id,
        d.slot,
        coalesce(d.source_id, '@' || d.source || '/' || d.decision_id) as customer_id,   -- anonymous: a customer each
        d.source_id is null as is_anonymous,
        d.as_of,
        d.action_id,
        case when d.action_id <> 'nothing' then d.channel end as channel,
        d.probability,
        d.policy,
        d.arm,
        d.candidate_set,
        d.probabilities,
        d.removed,
        cast(null as varchar) as context,
        cast(null as double) as outcome
    from decisions as d
    where
        d.as_of >= $from_ts
        and d.as_of < $until_ts
        -- Without any candidate there was no choice, and what came of it says nothing about one.
        and (d.removed is null or len(list_filter(d.removed, lambda step: step = 0)) > 1)
) as found
