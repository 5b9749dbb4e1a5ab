-- makes: candidate_sets
-- grain: one row per different list of candidates
-- reads: nothing
-- params: none
create table if not exists candidate_sets (
    candidate_set varchar not null, -- 128-bit hash of the list
    candidates varchar not null     -- JSON: [[action_id, channel or null], …]
)
