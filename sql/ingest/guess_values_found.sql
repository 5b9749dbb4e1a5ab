-- makes:  how many of the different cells of one column occur in another, and how many there are
-- grain:  one row
-- reads:  left_values (cell), right_values (cell)
-- params: none
with wanted as (
    select distinct cell
    from left_values
    where cell is not null
),
known as (
    select distinct cell
    from right_values
    where cell is not null
)
select
    (select count(*) from wanted) as left_different,
    (select count(*) from known) as right_different,
    (select count(*) from wanted semi join known using (cell)) as in_both
