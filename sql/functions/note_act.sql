-- Record an act, in the transaction that does it: what a trigger says of a row that was added or changed. Who is what
-- the session said of itself (eventlog.actor), and which login it has, which it cannot choose.
-- SECURITY DEFINER, since nobody may write acts in any other way.
CREATE OR REPLACE FUNCTION eventlog.note_act()
RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = eventlog, pg_temp
AS $$
DECLARE
    act     text;
    subject text;
    detail  jsonb := '{}';
BEGIN
    CASE TG_TABLE_NAME
        WHEN 'keys' THEN
            subject := NEW.id;
            detail := jsonb_build_object('name', NEW.name);
            IF TG_OP = 'INSERT' THEN
                act := 'key.created';
                detail := detail || jsonb_build_object('scopes', NEW.scopes, 'source', NEW.source,
                                                       'topic_prefix', NEW.topic_prefix, 'expires_at', NEW.expires_at);
            ELSIF NEW.state <> OLD.state THEN
                act := 'key.' || CASE NEW.state WHEN 'active' THEN 'resumed' ELSE NEW.state END;
            ELSE
                act := 'key.changed';
            END IF;
        WHEN 'key_secrets' THEN
            -- The first one came with its key.
            IF NOT EXISTS (SELECT FROM key_secrets AS s WHERE s.key_id = NEW.key_id AND s.digest <> NEW.digest) THEN
                RETURN NULL;
            END IF;
            act := 'key.rotated';
            subject := NEW.key_id;
        WHEN 'key_certificates' THEN
            act := CASE TG_OP WHEN 'INSERT' THEN 'key.certificate_added' ELSE 'key.certificate_removed' END;
            subject := CASE TG_OP WHEN 'INSERT' THEN NEW.key_id ELSE OLD.key_id END;
            detail := jsonb_build_object(
                'fingerprint', encode(CASE TG_OP WHEN 'INSERT' THEN NEW.fingerprint ELSE OLD.fingerprint END, 'hex'));
        WHEN 'operations' THEN
            act := NEW.kind || '.' || CASE TG_OP WHEN 'INSERT' THEN 'begun' ELSE NEW.state END;
            subject := NEW.projection;
            detail := jsonb_build_object('operation', NEW.id);
    END CASE;
    INSERT INTO acts (act, subject, who, login, detail)
    VALUES (act, subject, coalesce(left(nullif(current_setting('eventlog.actor', true), ''), 255), 'unknown'),
            session_user, detail);
    RETURN NULL;
END
$$;
