-- makes: the journal of decisions without those that are in the warehouse, closed and over (SQLite)
-- grain: one row per decision deleted, at most :most
-- reads: decision_journal
-- params: :position, the last one that is in the warehouse; :over_us, only windows that ended before; :most
delete from decision_journal
where position in (
    select position
    from decision_journal
    where position <= :position and closed_us is not null and closes_us < :over_us
    order by position
    limit :most
)
