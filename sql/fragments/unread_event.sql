-- What projections need of the raw text of a delivery that intake has not read.
json_to_record(i.raw)
    AS event ("timestamp" text, source text, payload jsonb)
