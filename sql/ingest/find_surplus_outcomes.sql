-- makes: rows in surplus
-- grain: one row per staged outcome that an earlier or greater one of the file stands for
-- reads: posted
-- params: none
insert into surplus
select _row, content is distinct from kept
from (
    select
        _row,
        row(ts, value, objective) as content,
        row_number() over same as place,
        first_value(row(ts, value, objective)) over same as kept
    from posted
    window same as (
        partition by decision_id, outcome_id
        order by ts nulls last, value desc, objective nulls last, _row
    )
) as ranked
where place > 1
