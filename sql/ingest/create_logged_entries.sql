-- makes: logged_entries, the candidates of staged decisions that tell them
-- grain: one row per such decision; entries in the order they are told
-- reads: staged
-- params: none
create or replace temp table logged_entries as
with told as (
    -- taken out once a row: inside a lambda the whole text would be read again for every candidate
    select
        _row,
        candidates,
        channel,
        json_type(candidates, '$._multi') = 'ARRAY' as is_vw,
        json_type(candidates) = 'OBJECT' as is_object,
        json_extract(candidates, '$._multi[*]') as features,
        json_extract_string(candidates, '$.a[*]') as ranking,
        json_extract_string(candidates, '$.p[*]') as chances
    from staged
    where reason is null and candidates is not null
)
select
    _row,
    list_transform(
        case
            -- As Vowpal Wabbit logs them: features of the actions, a ranking by their places, probabilities by rank.
            when is_vw then list_transform(
                features,
                lambda one, place: {
                    'id': coalesce(one ->> '_tag', cast(place as varchar)),
                    'channel': one ->> 'channel',
                    'p': chances[list_position(ranking, cast(place as varchar))]
                }
            )
            -- {id: probability}
            when is_object then list_transform(
                json_keys(candidates),
                lambda id: {
                    'id': id,
                    'channel': channel,
                    'p': json_extract_string(candidates, '/' || replace(replace(id, '~', '~0'), '/', '~1'))
                }
            )
            -- [id, …] or [{action_id, channel, probability}, …]
            else list_transform(
                json_extract(candidates, '$[*]'),
                lambda one: case
                    when json_type(one) = 'OBJECT' then {
                        'id': coalesce(one ->> 'action_id', one ->> 'id'),
                        'channel': case when json_exists(one, '$.channel') then one ->> 'channel' else channel end,
                        'p': one ->> 'probability'
                    }
                    else {'id': one ->> '$', 'channel': channel, 'p': null}
                end
            )
        end,
        lambda entry: {
            'id': entry.id,
            'channel': case when entry.id <> 'nothing' then nullif(entry.channel, '') end,
            'told': entry.p is not null,
            'p': try_cast(entry.p as double)
        }
    ) as entries
from told
