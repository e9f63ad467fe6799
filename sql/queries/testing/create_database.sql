CREATE DATABASE {name} OWNER eventlog TEMPLATE {template}
