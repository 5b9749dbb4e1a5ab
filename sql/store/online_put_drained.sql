-- makes: up to where a journal was drained; that it went back stays known (SQLite)
-- grain: one row
-- reads: drained
-- params: :journal, its table; :position; :went_back, 1 where the warehouse had come further
insert into drained (journal, position, went_back)
values (:journal, :position, :went_back)
on conflict (journal) do update set
    position = excluded.position, went_back = max(drained.went_back, excluded.went_back)
