-- Version 4 of a ledger: what every signature asks for is found without reading all revocations.

-- Reasons 1 and 2 of RFC 5280 section 5.3.1: keyCompromise and cACompromise.
CREATE INDEX compromised_certificates ON revocations (authority, serial) WHERE reason IN (1, 2);
