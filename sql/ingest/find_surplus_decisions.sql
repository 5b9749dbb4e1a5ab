-- makes: rows in surplus
-- grain: one row per staged slot of a decision that an earlier or smaller one of the file stands for
-- reads: logged, repeated
-- params: none
insert into surplus
select _row, content is distinct from kept
from (
    select
        _row,
        row(as_of, action_id, channel, source_id, probability, arm, policy, candidate_set, context) as content,
        row_number() over same as place,
        first_value(row(as_of, action_id, channel, source_id, probability, arm, policy, candidate_set, context))
            over same as kept
    from logged
    where hash(decision_id, slot) in (select id_hash from repeated)
    window same as (
        partition by decision_id, slot
        order by as_of, action_id, channel, source_id, probability, arm, policy, candidate_set, context, _row
    )
) as ranked
where place > 1
