-- makes:  the number of groups, and of groups with more than one different other value
-- grain:  one row
-- reads:  two_columns (cell = the group, other)
-- params: none
with groups as (
    select cell, count(distinct other) as others
    from two_columns
    where cell is not null
    group by cell
)
select count(*) as n_groups, count(*) filter (where others > 1) as with_several
from groups
