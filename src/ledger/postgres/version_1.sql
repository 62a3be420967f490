-- Version 1 of a ledger on PostgreSQL. What is here is never edited: a change is another file, and another version.
--
-- The events are all there is. Each issuer makes the tables that follow from them for itself, from the chain that it has verified: so an
-- issuer needs no right but to read and to append, and nobody can edit a table that an issuer decides by.

CREATE SCHEMA hsm_ca;

CREATE TABLE hsm_ca.ledger (
    version bigint NOT NULL,
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row)
);
INSERT INTO hsm_ca.ledger (version) VALUES (1);

CREATE TABLE hsm_ca.events (
    sequence bigint PRIMARY KEY,
    body     text NOT NULL,
    hash     bytea NOT NULL CHECK (octet_length(hash) = 32)
);

-- The server itself accepts only what continues the chain.
CREATE FUNCTION hsm_ca.continue_chain() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    last_sequence bigint;
    last_hash bytea;
BEGIN
    SELECT sequence, hash INTO last_sequence, last_hash FROM hsm_ca.events ORDER BY sequence DESC LIMIT 1;
    IF NEW.sequence <> coalesce(last_sequence, 0) + 1 THEN
        RAISE EXCEPTION 'the events of a ledger come in order' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF NEW.hash <> sha256(coalesce(last_hash, decode(repeat('00', 32), 'hex')) || convert_to(NEW.body, 'UTF8')) THEN
        RAISE EXCEPTION 'the hash of an event follows from the event before' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION hsm_ca.refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    RAISE EXCEPTION 'the events of a ledger are never changed or removed' USING ERRCODE = 'integrity_constraint_violation';
END
$$;

CREATE TRIGGER events_continue_the_chain BEFORE INSERT ON hsm_ca.events
FOR EACH ROW EXECUTE FUNCTION hsm_ca.continue_chain();
CREATE TRIGGER events_are_not_changed BEFORE UPDATE OR DELETE ON hsm_ca.events
FOR EACH ROW EXECUTE FUNCTION hsm_ca.refuse_change();
CREATE TRIGGER events_are_not_truncated BEFORE TRUNCATE ON hsm_ca.events
FOR EACH STATEMENT EXECUTE FUNCTION hsm_ca.refuse_change();
ALTER TABLE hsm_ca.events ENABLE ALWAYS TRIGGER events_continue_the_chain;
ALTER TABLE hsm_ca.events ENABLE ALWAYS TRIGGER events_are_not_changed;
ALTER TABLE hsm_ca.events ENABLE ALWAYS TRIGGER events_are_not_truncated;
