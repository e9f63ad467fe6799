SELECT to_regnamespace('audit')::oid AS number
