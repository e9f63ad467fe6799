{include fragments/workers.sql}
