-- makes: the journal of answers without those that are in the warehouse and whose decisions have gone (SQLite)
-- grain: one row per answer deleted, at most :most
-- reads: answer_journal, decision_journal
-- params: :position, the last one that was drained; :before_us, only those told before; :most
delete from answer_journal
where position in (
    select position
    from answer_journal as a
    where
        position <= :position
        and received_us < :before_us
        and told <> 'late' -- those are not in the warehouse
        and not exists (select 1 from decision_journal as d where d.decision_id = a.decision_id)
    order by position
    limit :most
)
