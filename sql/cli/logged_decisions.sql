-- makes: decisions of the log by source; a slate is one, whatever its slots
-- grain: one row per source
-- reads: decisions, outcomes, closed, contact_said
-- params: none
with
sources as (select distinct source from decisions),

skipped as (
    -- as in the exported log: what was not made, or is not known to have been, has no outcome
    select decision_id
    from contact_said
    where status = 'released' or (has_expired and decision_id not in (select decision_id from closed))
)

select
    d.source,
    count(distinct d.decision_id) as decisions,
    count(distinct d.source_id) as customers,
    count(distinct d.decision_id) filter (where d.probability is not null) as with_probability,
    count(distinct d.decision_id) filter (
        where
            d.decision_id not in (select decision_id from skipped)
            and case
                -- What was told of an open window is not yet its outcome.
                when d.source = 'nbatool' then d.decision_id in (select decision_id from closed)
                else exists (
                    select 1 from outcomes as o
                    where
                        o.decision_id = d.decision_id
                        -- Sources may number their decisions alike; what came with a decision is that decision's.
                        and (o.source = d.source or o.source not in (select source from sources))
                )
            end
    ) as with_outcome,
    epoch_us(min(d.as_of)) as first_us,
    epoch_us(max(d.as_of)) as last_us
from decisions as d
group by d.source
order by d.source
