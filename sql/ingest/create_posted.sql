-- makes: posted, the good staged outcomes as they are stored
-- grain: one row per staged outcome; one without an id is known by its objective and its time
-- reads: staged
-- params: none
create or replace temp table posted as
select
    _row,
    decision_id,
    coalesce(
        outcome_id,
        coalesce(objective, '') || '@' || coalesce(strftime(ts, '%Y-%m-%dT%H:%M:%S.%fZ'), '')
    ) as outcome_id,
    objective,
    ts,
    value
from staged
where reason is null
