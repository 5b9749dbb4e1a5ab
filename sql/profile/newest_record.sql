-- makes: when the newest event, customer record, consent record and decision of others were
-- grain: one row, µs since 1970 UTC, null where there is none
-- reads: events, customers, consent, decisions
-- params: none
select
    (select epoch_us(max(ts)) from events) as newest_event_us,
    (select epoch_us(max(valid_from)) from customers) as newest_customer_us,
    (select epoch_us(max(ts)) from consent) as newest_consent_us,
    -- its own decisions would push the moment on with every run
    (select epoch_us(max(as_of)) from decisions where source <> 'nbatool') as newest_decision_us
