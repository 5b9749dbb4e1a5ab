-- makes: rows in outcomes
-- grain: one row per new outcome
-- reads: posted, surplus, known
-- params: source, batch_id
insert into outcomes (source, decision_id, outcome_id, objective, ts, value, batch_id)
select $source, decision_id, outcome_id, objective, ts, value, $batch_id
from posted
where
    not exists (select 1 from surplus where surplus._row = posted._row)
    and not exists (select 1 from known where known._row = posted._row and not wins)
