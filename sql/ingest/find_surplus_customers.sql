-- makes: rows in surplus
-- grain: one row per staged customer record that a greater or equal one of the file stands for
-- reads: staged
-- params: none
insert into surplus
select _row, content is distinct from kept
from (
    select
        _row,
        row(timezone, account_id, attributes) as content,
        row_number() over same as place,
        first_value(row(timezone, account_id, attributes)) over same as kept
    from staged
    where reason is null
    window same as (
        partition by customer_id, ts
        order by attributes desc nulls last, account_id desc nulls last, timezone desc nulls last, _row
    )
) as ranked
where place > 1
