-- makes: a query result
-- grain: one row per source of imported decisions that tells an outcome of every objective with each of them, zeros too
-- reads: decisions, outcomes, contact_said
-- params: as_of (exclusive); objectives, their names; unnamed, whose the outcomes are that name none (null: nobody's)
with
logged as (
    select d.source, d.decision_id, d.slot
    from decisions as d
    where
        d.source <> 'nbatool'
        and d.as_of < $as_of
        -- What was never shown, or was no choice, is not learned from: nobody need tell what came of it.
        and d.decision_id not in (select decision_id from contact_said where status = 'released')
        and (d.removed is null or len(list_filter(d.removed, lambda step: step = 0)) > 1)
),

asked as (
    select l.source, l.decision_id, l.slot, o.objective
    from logged as l
    cross join (select unnest($objectives) as objective) as o
),

told as (
    -- An outcome with a time of its own came after its decision.
    select source, decision_id, slot, coalesce(objective, $unnamed) as objective from outcomes where ts is null
),

untold as (
    select a.source
    from asked as a
    where
        not exists (
            select 1 from told as t
            where
                t.source = a.source and t.decision_id = a.decision_id and t.objective = a.objective and t.slot = a.slot
        )
        -- What was told of a whole slate is told of each of its slots.
        and not exists (
            select 1 from told as t
            where
                t.source = a.source and t.decision_id = a.decision_id and t.objective = a.objective and t.slot is null
        )
)

select distinct source from logged where source not in (select source from untold) order by source
