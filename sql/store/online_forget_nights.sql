-- makes: the list without nights whose windows have closed; one stays while a person may let decisions of it go out, or the
--   window of one that went out so is open (SQLite)
-- grain: one row per such file
-- reads: review, contact
-- params: :closed_before_us
delete from night
where
    closes_us < :closed_before_us
    and not exists (
        select 1
        from review as r
        left join contact as c on c.customer_id = r.customer_id and c.decision_id = r.decision_id and c.slot = r.slot
        where
            r.as_of_us = night.as_of_us
            and case
                when r.out_as_of_us is null then r.state <> 'rejected'
                else coalesce(c.at_us, r.out_as_of_us) + night.closes_us - night.as_of_us >= :closed_before_us
            end
    )
