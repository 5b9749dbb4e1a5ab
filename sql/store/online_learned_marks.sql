-- makes: two marks that change whenever the fast learner moves (SQLite)
-- grain: one row
-- reads: posterior, lesson
-- params: none
select
    coalesce((select snapshots from posterior), 0) as snapshots,
    coalesce((select max(position) from lesson), 0) as newest_lesson
