-- makes: logged (temporary), the decisions of the log: imported ones, own ones whose windows have closed; or every one:
--   contacts that were never made and open windows too, without what requests said
-- grain: one row per slot of a decision; row counts from 0 in the order (customer, time, decision, slot)
-- reads: decisions, closed, contact_said, reviewed
-- params: from_ts, until_ts; closed_until, own windows that began up to here (inclusive) may be closed: what later ones
--   are closed with is not known yet; every; each_slot, whether each slot of a slate has an outcome of its own; else its first
--   stands for it
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
        coalesce(r.out_at, d.as_of) as began,           -- when its outcome does: later where a person let it go out
        d.action_id,
        case when d.action_id <> 'nothing' then d.channel end as channel,
        d.probability,
        d.policy,
        d.arm,
        d.candidate_set,
        d.probabilities,
        d.removed,
        case when not $every then d.context end as context,
        c.outcome                       -- currency; null: to be made from what was posted and what happened
    from decisions as d
    left join closed as c on d.source = 'nbatool' and c.decision_id = d.decision_id and c.slot = d.slot
    left join reviewed as r on d.source = 'nbatool' and r.decision_id = d.decision_id
    where
        d.as_of >= $from_ts
        and d.as_of < $until_ts
        and (
            $every
            or d.source <> 'nbatool'
            or (c.outcome is not null and coalesce(r.out_at, d.as_of) <= $closed_until and ($each_slot or d.slot = 1))
        )
        -- The last thing said of a contact counts.
        and ($every or d.decision_id not in (select decision_id from contact_said where status = 'released'))
        -- Without any candidate there was no choice, and what came of it says nothing about one.
        and (d.removed is null or len(list_filter(d.removed, lambda step: step = 0)) > 1)
) as found
