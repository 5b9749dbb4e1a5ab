-- makes: room for staged customer records that take the place of stored ones
-- grain: one row per replaced record
-- reads: customers, known
-- params: source
delete from customers
using known
where
    customers.source = $source
    and known.differs
    and customers.source_id = known.customer_id
    and customers.valid_from is not distinct from known.ts
