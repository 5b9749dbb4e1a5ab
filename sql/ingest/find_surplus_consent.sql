-- makes: rows in surplus
-- grain: one row per staged consent record that another one of the file stands for
-- reads: staged
-- params: none
insert into surplus
select _row, state <> kept
from (
    select
        _row,
        state,
        row_number() over same as place,
        first_value(state) over same as kept
    from staged
    where reason is null
    -- out before in
    window same as (partition by customer_id, channel, ts, purpose, address order by state desc, _row)
) as ranked
where place > 1
