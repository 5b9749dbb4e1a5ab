-- makes: one journalled answer; the same again changes nothing (SQLite)
-- grain: one row
-- reads: nothing
-- params: :decision_id, :outcome_id, :objective, :value, :status, :ts_us, :received_us, :told
insert into answer_journal (decision_id, outcome_id, objective, value, status, ts_us, received_us, told)
values (:decision_id, :outcome_id, :objective, :value, :status, :ts_us, :received_us, :told)
on conflict (decision_id, outcome_id, objective, status) do nothing
