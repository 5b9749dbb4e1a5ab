-- makes: line and text of the rejects among staged
-- grain: one row per rejected record
-- reads: staged, incoming
-- params: none
update staged set _line = incoming._line, _raw = coalesce(staged._raw, incoming._raw)
from incoming where staged._row = incoming._row
