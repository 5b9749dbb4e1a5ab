-- makes: when the newest event, customer record, consent record, decision of others and outcome of a file were
-- grain: one row, µs since 1970 UTC, null where there is none
-- reads: events, customers, consent, decisions, outcomes
-- params: none
select
    (select epoch_us(max(ts)) from events) as newest_event_us,
    (select epoch_us(max(valid_from)) from customers) as newest_customer_us,
    (select epoch_us(max(ts)) from consent) as newest_consent_us,
    -- its own decisions would push the moment on with every run
    (select epoch_us(max(as_of)) from decisions where source <> 'nbatool') as newest_decision_us,
    -- nor may an answer told live, dated at the present, push it on
    (select epoch_us(max(ts)) from outcomes where batch_id <> '@live') as newest_outcome_us
