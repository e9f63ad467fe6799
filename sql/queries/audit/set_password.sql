ALTER ROLE eventlog_auditor PASSWORD {verifier}
