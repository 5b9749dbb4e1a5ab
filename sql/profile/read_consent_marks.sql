-- makes: consent_marks of a range of moments
-- grain: one row per moment and channel
-- reads: consent_marks
-- params: $first, $last, the range first <= moment < last
select moment, channel, mark
from consent_marks
where moment >= $first and moment < $last
order by moment, channel
