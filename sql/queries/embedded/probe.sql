-- Needs what a session loads from the server's own files when it first calls one of our functions.
DO $$ BEGIN END $$
