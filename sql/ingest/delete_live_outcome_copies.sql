-- makes: room for posted outcomes that were told live before: the file's version stays
-- grain: one row per live outcome that a file now brings, under the id its sender gave it
-- reads: outcomes, posted
-- params: none
delete from outcomes
using posted
where
    outcomes.batch_id = '@live'
    and outcomes.decision_id = posted.decision_id
    and outcomes.slot is null
    and outcomes.outcome_id = outcomes.objective || '/' || posted.outcome_id -- live, the objective stands before it
    and coalesce(posted.objective, outcomes.objective) = outcomes.objective
