-- makes: a contact whose window was closed (SQLite)
-- grain: one row, or none where it is there
-- reads: closed_contact
-- params: :decision_id, :as_of_us
insert into closed_contact (decision_id, as_of_us) values (:decision_id, :as_of_us) on conflict do nothing
