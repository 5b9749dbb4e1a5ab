-- makes: rows in decisions
-- grain: one row per slot of a decision that is not stored yet
-- reads: incoming, decisions
-- params: source, batch_id
insert into decisions (
    source, decision_id, source_id, as_of, slot, action_id, channel, probability, probability_in_arm, arm, policy,
    candidate_set, probabilities, net_values, removed, context, detail, batch_id
)
select
    $source, decision_id, customer_id, make_timestamp(as_of_us), slot, action_id, channel, probability,
    probability_in_arm, arm, policy, md5(candidates), probabilities, net_values, removed, context, detail, $batch_id
from (
    select *, row_number() over (partition by decision_id, slot order by as_of_us, action_id, channel) as place
    from incoming
) as ranked
where
    place = 1
    and not exists (
        select 1
        from decisions as d
        where d.source = $source and d.decision_id = ranked.decision_id and d.slot = ranked.slot
    )
