-- makes: closed windows after a position
-- grain: one row per window, in the order they were closed
-- reads: closed
-- params: $position, $most
select position, decision_id, slot, outcome from closed where position > $position order by position limit $most
