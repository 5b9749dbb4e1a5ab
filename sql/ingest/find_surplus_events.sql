-- makes: rows in surplus
-- grain: one row per staged event whose id an earlier or smaller one of the file has
-- reads: staged, repeated
-- params: none
insert into surplus
select _row, content is distinct from kept
from (
    select
        _row,
        row(ts, type, source_id, value, action_id, channel, decision_id, attributes) as content,
        row_number() over same as place,
        first_value(row(ts, type, source_id, value, action_id, channel, decision_id, attributes)) over same as kept
    from (select *, customer_id as source_id from staged) as renamed
    where reason is null and hash(event_id) in (select id_hash from repeated)
    window same as (
        partition by event_id
        order by ts, type, source_id, value, action_id, channel, decision_id, attributes, _row
    )
) as ranked
where place > 1
