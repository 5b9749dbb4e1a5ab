-- makes: what was said of a decision of the review queue, when its contact goes out, and the night it goes out with (SQLite)
-- grain: one row, or none; times in µs since 1970 UTC, null while it is not out
-- reads: review, contact
-- params: :decision_id
select
    r.state,
    -- its send time may lie behind the night whose file it is in
    case when r.out_as_of_us is not null then coalesce(c.at_us, r.out_as_of_us) end as at_us,
    r.out_as_of_us
from review as r
left join contact as c on c.customer_id = r.customer_id and c.decision_id = r.decision_id and c.slot = r.slot
where r.decision_id = :decision_id
