SELECT eventlog.login_of('api') AS api, eventlog.login_of('worker') AS worker, eventlog.login_of('auditor') AS auditor
