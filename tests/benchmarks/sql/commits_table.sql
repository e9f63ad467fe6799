CREATE TABLE eventlog.commits (number integer NOT NULL)
