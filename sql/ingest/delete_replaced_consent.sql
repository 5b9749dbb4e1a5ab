-- makes: room for staged opt-outs that take the place of stored opt-ins of the same time
-- grain: one row per replaced record
-- reads: consent, known
-- params: source
delete from consent
using known
where
    consent.source = $source
    and known.wins
    and consent.source_id = known.customer_id
    and consent.channel = known.channel
    and consent.ts = known.ts
    and consent.purpose is not distinct from known.purpose
    and consent.address is not distinct from known.address
