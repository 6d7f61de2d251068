-- +goose Up

-- The tree. A path is '/centre/ra1/lra3/': what lies below has it as a beginning.
CREATE TABLE ra_node (
    id        TEXT PRIMARY KEY,
    parent    TEXT NOT NULL,
    level     TEXT NOT NULL,
    name      TEXT NOT NULL,
    region    TEXT NOT NULL,
    contact   TEXT NOT NULL,
    rights    TEXT NOT NULL,
    agreement TEXT NOT NULL,
    site      TEXT NOT NULL,
    path      TEXT NOT NULL UNIQUE,
    state     TEXT NOT NULL,
    version   INTEGER NOT NULL,
    added_by  TEXT NOT NULL,
    changed   INTEGER NOT NULL
) STRICT;

-- Who sits where, and until when the papers are good.
CREATE TABLE ra_post (
    officer         TEXT PRIMARY KEY,
    node            TEXT NOT NULL REFERENCES ra_node (id),
    title           TEXT NOT NULL,
    trained         TEXT NOT NULL,
    confidentiality TEXT NOT NULL,
    until           INTEGER NOT NULL,
    version         INTEGER NOT NULL,
    changed         INTEGER NOT NULL,
    changed_by      TEXT NOT NULL
) STRICT;
CREATE INDEX ra_post_node ON ra_post (node);

CREATE TABLE ra_application (
    id            TEXT PRIMARY KEY,
    operation     TEXT NOT NULL,
    kind          TEXT NOT NULL,
    profile       TEXT NOT NULL,
    node          TEXT NOT NULL,
    path          TEXT NOT NULL,
    state         TEXT NOT NULL,
    version       INTEGER NOT NULL,
    name          TEXT NOT NULL,
    unit          TEXT NOT NULL,
    fields        TEXT NOT NULL,
    sealed        BLOB,
    holder        TEXT NOT NULL,
    issuer        TEXT NOT NULL,
    serial        TEXT NOT NULL,
    reason        TEXT NOT NULL,
    request       BLOB,
    key_from      TEXT NOT NULL,
    days          INTEGER NOT NULL,
    single        INTEGER NOT NULL,
    registered_by TEXT NOT NULL,
    reviewed_by   TEXT NOT NULL,
    carried_by    TEXT NOT NULL,
    delivered_by  TEXT NOT NULL,
    rule          TEXT NOT NULL,
    batch         TEXT NOT NULL,
    conflict      TEXT NOT NULL,
    created       INTEGER NOT NULL,
    changed       INTEGER NOT NULL
) STRICT;
CREATE INDEX ra_application_holder ON ra_application (holder) WHERE holder <> '';
CREATE INDEX ra_application_serial ON ra_application (serial) WHERE serial <> '';
CREATE INDEX ra_application_name ON ra_application (name);
CREATE INDEX ra_application_batch ON ra_application (batch) WHERE batch <> '';

-- An application is listed at its node and at every node above, so that every list of
-- any subtree is one walk along an index.
CREATE TABLE ra_place (
    node        TEXT NOT NULL,
    state       TEXT NOT NULL,
    created     INTEGER NOT NULL,
    application TEXT NOT NULL,
    PRIMARY KEY (node, state, created, application)
) STRICT, WITHOUT ROWID;

-- What happened to an application, first to last; nothing is ever taken out.
CREATE TABLE ra_history (
    application TEXT NOT NULL,
    number      INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    actor       TEXT NOT NULL,
    node        TEXT NOT NULL,
    event       TEXT NOT NULL,
    state       TEXT NOT NULL,
    note        TEXT NOT NULL,
    PRIMARY KEY (application, number)
) STRICT, WITHOUT ROWID;

-- What came back from the CA for an application, whole, for delivery.
CREATE TABLE ra_result (
    application TEXT PRIMARY KEY,
    issued      TEXT NOT NULL
) STRICT;

CREATE TABLE ra_certificate (
    issuer      TEXT NOT NULL,
    serial      TEXT NOT NULL,
    partner     TEXT NOT NULL,
    application TEXT NOT NULL,
    holder      TEXT NOT NULL,
    kind        TEXT NOT NULL,
    profile     TEXT NOT NULL,
    name        TEXT NOT NULL,
    unit        TEXT NOT NULL,
    node        TEXT NOT NULL,
    path        TEXT NOT NULL,
    state       TEXT NOT NULL,
    not_before  INTEGER NOT NULL,
    not_after   INTEGER NOT NULL,
    changed     INTEGER NOT NULL,
    PRIMARY KEY (issuer, serial)
) STRICT;
CREATE INDEX ra_certificate_holder ON ra_certificate (holder);
CREATE INDEX ra_certificate_name ON ra_certificate (name);
CREATE INDEX ra_certificate_end ON ra_certificate (node, not_after, serial);
CREATE INDEX ra_certificate_serial ON ra_certificate (serial);

CREATE TABLE ra_holder (
    id      TEXT PRIMARY KEY,
    kind    TEXT NOT NULL,
    name    TEXT NOT NULL,
    unit    TEXT NOT NULL,
    node    TEXT NOT NULL,
    path    TEXT NOT NULL,
    state   TEXT NOT NULL,
    fields  TEXT NOT NULL,
    sealed  BLOB,
    version INTEGER NOT NULL,
    changed INTEGER NOT NULL
) STRICT;
CREATE INDEX ra_holder_name ON ra_holder (name);
CREATE INDEX ra_holder_path ON ra_holder (path);

-- The same request sent twice is done once.
CREATE TABLE ra_once (
    officer TEXT NOT NULL,
    key     TEXT NOT NULL,
    digest  TEXT NOT NULL,
    object  TEXT NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (officer, key)
) STRICT, WITHOUT ROWID;

-- Standing rules that review in a person's place (features L3).
CREATE TABLE ra_rule (
    name       TEXT PRIMARY KEY,
    node       TEXT NOT NULL,
    operations TEXT NOT NULL,
    kinds      TEXT NOT NULL,
    quota      INTEGER NOT NULL,
    used       INTEGER NOT NULL,
    active     INTEGER NOT NULL,
    until      INTEGER NOT NULL,
    version    INTEGER NOT NULL,
    changed    INTEGER NOT NULL,
    changed_by TEXT NOT NULL
) STRICT;

-- Every change of an application by number, for the registrations above and below.
CREATE TABLE ra_change (
    number      INTEGER PRIMARY KEY,
    application TEXT NOT NULL,
    version     INTEGER NOT NULL,
    path        TEXT NOT NULL
) STRICT;
CREATE TABLE ra_counter (
    name   TEXT PRIMARY KEY,
    number INTEGER NOT NULL
) STRICT;
INSERT INTO ra_counter (name, number) VALUES ('change', 0);

-- +goose Down
SELECT 1;
