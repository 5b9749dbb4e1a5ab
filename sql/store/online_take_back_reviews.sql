-- makes: approved decisions not out again, whose action file never took its place (SQLite)
-- grain: one row per decision
-- reads: review, review_file
-- params: :file
update review
set out_as_of_us = null
where decision_id in (select decision_id from review_file where file = :file)
