-- makes: a query result, when decisions to learn from were made: the outcome is known, there was a choice, the contact was
--   made, and the chance is one if it was logged
-- grain: one row per instant, oldest first
-- reads: decisions, closed, contact_said, reviewed
-- params: as_of, the present (exclusive); closed_until and ended_until, the newest beginning of own and of all windows that
--   had ended; telling, sources whose outcomes came with the decisions; each_slot, as in create_logged
select
    epoch_us(d.as_of) as as_of_us,
    count(*) as decisions
from decisions as d
left join closed as c on d.source = 'nbatool' and c.decision_id = d.decision_id and c.slot = d.slot
left join reviewed as r on d.source = 'nbatool' and r.decision_id = d.decision_id
where
    d.as_of < $as_of
    and case
        when d.source = 'nbatool'
            then c.outcome is not null and coalesce(r.out_at, d.as_of) <= $closed_until and ($each_slot or d.slot = 1)
        else d.as_of <= $ended_until or list_contains($telling, d.source)
    end
    and (d.probability is null or isnan(d.probability) or (d.probability > 0 and d.probability <= 1 + 1e-6))
    and (d.removed is null or len(list_filter(d.removed, lambda step: step = 0)) > 1)
    and d.decision_id not in (select decision_id from contact_said where status = 'released')
group by d.as_of
order by d.as_of
