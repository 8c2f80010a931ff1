-- What intake knows: mailbox -> mail -> case -> promise, and the history of each case.
-- Times are BIGINT milliseconds since 1970 UTC; ids and enumerations TEXT; flags BIGINT 0 or 1.

-- Key-value facts of the installation: key_check, calendar in force, ...
CREATE TABLE meta (
    key    TEXT NOT NULL PRIMARY KEY,
    value  TEXT NOT NULL
);

-- A watched folder as first seen. The row and its `before_us` ledger rows are one transaction.
CREATE TABLE mailbox_folder (
    account      TEXT   NOT NULL,
    folder       TEXT   NOT NULL,
    uidvalidity  BIGINT NOT NULL,
    first_look   BIGINT NOT NULL,
    renewed_below BIGINT NOT NULL DEFAULT 0,      -- UIDs below it stood there when UIDVALIDITY changed; 0: it never did
    PRIMARY KEY (account, folder)
);

-- A mail's raw bytes and what was understood of them.
--   stored --parse--> parsed --what is it, where does it belong--> filed
CREATE TABLE mail (
    id              TEXT   NOT NULL PRIMARY KEY,
    stage           TEXT   NOT NULL CHECK (stage IN ('stored', 'parsed', 'filed')),
    folder          TEXT   NOT NULL,              -- where it was first seen: INBOX, \Junk, ...; import; 'import, acknowledge'
    first_seen_at   BIGINT NOT NULL,
    received_at     BIGINT NOT NULL,              -- what clocks start from
    received_by     TEXT   NOT NULL,              -- internal_date | first_seen | received_field | *_of_old, *_of_renewed: unsure
    size_bytes      BIGINT NOT NULL,              -- as the server stated it
    truncated       BIGINT NOT NULL DEFAULT 0,    -- 1: too large; header and first 1 MiB are kept
    raw             BLOB   NOT NULL,
    digest_bytes    TEXT   NOT NULL UNIQUE,       -- keyed; the same bytes are the same mail
    digest_content  TEXT,                         -- keyed, over From, Date, Message-ID, Subject and body
    parsed          TEXT,                         -- ParsedMail as JSON; NULL until parsed
    kind            TEXT   NOT NULL DEFAULT '',   -- symptom | vulnerability | bounce | auto_reply | bulk | look
    from_address    TEXT   NOT NULL DEFAULT '',
    subject         TEXT   NOT NULL DEFAULT '',
    message_id      TEXT   NOT NULL DEFAULT '',
    case_id         TEXT,
    relation        TEXT   NOT NULL DEFAULT ''    -- first | follow_up | other_address | copy | bounce | auto_reply | ours | sent
);
CREATE INDEX mail_to_file ON mail (first_seen_at, id) WHERE stage <> 'filed';
CREATE INDEX mail_by_content ON mail (digest_content);
CREATE INDEX mail_by_case ON mail (case_id);
CREATE INDEX mail_by_message_id ON mail (message_id) WHERE message_id <> '';

-- Every UID a server ever showed us, and what became of it.
CREATE TABLE mailbox_ledger (
    account      TEXT   NOT NULL,                 -- user@host of the mailbox
    folder       TEXT   NOT NULL,
    uidvalidity  BIGINT NOT NULL,
    uid          BIGINT NOT NULL,
    outcome      TEXT   NOT NULL CHECK (outcome IN ('stored', 'same_bytes', 'before_us', 'purged', 'quarantined', 'gone')),
    mail_id      TEXT,                            -- of stored and same_bytes
    arrived_at   BIGINT,                          -- INTERNALDATE, if it could be read
    seen_at      BIGINT NOT NULL,
    tries        BIGINT NOT NULL DEFAULT 0,       -- of quarantined: how often the bytes were asked for
    next_try_at  BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (account, folder, uidvalidity, uid)
);
CREATE INDEX mailbox_ledger_outcome ON mailbox_ledger (outcome) WHERE outcome IN ('quarantined', 'before_us');
CREATE INDEX mailbox_ledger_mail ON mailbox_ledger (mail_id) WHERE mail_id IS NOT NULL;

-- Mail whose words were deleted; only digests stay, so that it is never taken in again.
CREATE TABLE tombstone (
    digest_bytes    TEXT   NOT NULL PRIMARY KEY,
    digest_content  TEXT,
    at              BIGINT NOT NULL
);

-- A case: what a reporter was promised an answer about; or a `look`, which promises nothing yet.
CREATE TABLE cases (
    id                TEXT   NOT NULL PRIMARY KEY,          -- TM-XXXXXX
    state             TEXT   NOT NULL CHECK (state IN ('look', 'open', 'answered', 'closed')),
    version           BIGINT NOT NULL DEFAULT 1,            -- counts changes; guards concurrent answers
    kind              TEXT   NOT NULL,                      -- symptom | vulnerability
    urgent            BIGINT NOT NULL DEFAULT 0,
    encrypted         BIGINT NOT NULL DEFAULT 0,
    reporter_address  TEXT   NOT NULL DEFAULT '',           -- '' = nobody can be answered
    reporter_name     TEXT   NOT NULL DEFAULT '',
    dmarc             TEXT   NOT NULL DEFAULT '',           -- of the first mail, by our own server; '' = unknown
    subject           TEXT   NOT NULL DEFAULT '',
    services          TEXT   NOT NULL DEFAULT '[]',         -- JSON list of service ids
    times             TEXT   NOT NULL DEFAULT '[]',         -- JSON list of {"utc", "words"}
    marks             TEXT   NOT NULL DEFAULT '[]',         -- JSON list of words for staff: "too large, see mailbox"
    look_because      TEXT   NOT NULL DEFAULT '',
    assignee          TEXT   NOT NULL DEFAULT '',
    first_mail        TEXT   NOT NULL UNIQUE,               -- one mail opens one case, whatever is repeated
    received_at       BIGINT NOT NULL,
    opened_at         BIGINT NOT NULL,
    answered_at       BIGINT,
    outcome           TEXT   NOT NULL DEFAULT '',           -- tracking | post-mortem | explained | bounty
    incident          TEXT   NOT NULL DEFAULT '',
    post_mortem_url   TEXT   NOT NULL DEFAULT '',
    closed_as         TEXT   NOT NULL DEFAULT '',           -- done | spam | duplicate | merged
    merged_into       TEXT   NOT NULL DEFAULT '',
    acknowledgment    TEXT   NOT NULL CHECK (acknowledgment IN ('pending', 'queued', 'not_owed', 'over_budget')),
    acknowledgment_because TEXT NOT NULL DEFAULT '',        -- why there is none: look | old | forbidden | ...; 'ordered' by staff
    notice            TEXT   NOT NULL CHECK (notice IN ('pending', 'queued', 'none')),
    notice_mail       TEXT   NOT NULL DEFAULT ''            -- the mail that staff are told of
);
CREATE INDEX cases_by_state ON cases (state, received_at);
CREATE INDEX cases_to_acknowledge ON cases (id) WHERE acknowledgment = 'pending';
CREATE INDEX cases_to_notice ON cases (id) WHERE notice = 'pending';
CREATE INDEX cases_by_reporter ON cases (reporter_address);

-- Message-IDs of a case: theirs, and ours (which carry a signed token as well).
CREATE TABLE case_message_id (
    message_id  TEXT   NOT NULL,
    case_id     TEXT   NOT NULL,
    ours        BIGINT NOT NULL,
    PRIMARY KEY (message_id, case_id)
);

-- A promise with its clock. met_at or void_at ends it; a late one stays late in the record.
CREATE TABLE promise (
    case_id      TEXT   NOT NULL,
    kind         TEXT   NOT NULL,                 -- response | triage | fix | reward | disclosure | naming | quarantine
    start_at     BIGINT NOT NULL,
    due_at       BIGINT NOT NULL,                 -- met before this moment = in time
    met_at       BIGINT,
    void_at      BIGINT,
    void_because TEXT   NOT NULL DEFAULT '',
    warned_at    BIGINT,                          -- when staff were told that one business day is left; once
    late_at      BIGINT,                          -- when it was found late; stays, whatever ends the promise
    provisional  BIGINT NOT NULL DEFAULT 0,       -- counted past the end of the holiday file
    calendar     TEXT   NOT NULL DEFAULT '',      -- version of the holiday file it was counted with
    derivation   TEXT   NOT NULL DEFAULT '{}',    -- JSON: start, why that start, the days counted one by one
    PRIMARY KEY (case_id, kind, start_at)         -- a reporter who writes again after an answer is promised another
);
CREATE INDEX promise_open ON promise (due_at) WHERE met_at IS NULL AND void_at IS NULL;

-- What was done on a day, once whatever the clock does: its morning list (sent or found empty), its anchor.
CREATE TABLE daily (
    what  TEXT NOT NULL,                          -- morning | anchor
    day   TEXT NOT NULL,                          -- 2026-11-25
    PRIMARY KEY (what, day)
);

-- Acknowledgments given, for the budgets: who is only a keyed digest.
CREATE TABLE acknowledgment (
    case_id        TEXT   NOT NULL PRIMARY KEY,
    who            TEXT   NOT NULL,
    authenticated  BIGINT NOT NULL,               -- dmarc=pass
    at             BIGINT NOT NULL
);
CREATE INDEX acknowledgment_by_who ON acknowledgment (who, at);
CREATE INDEX acknowledgment_by_time ON acknowledgment (at);

-- What a person wrote to the reporter: an answer with an outcome, or a reply without one.
CREATE TABLE answer (
    id            TEXT   NOT NULL PRIMARY KEY,
    case_id       TEXT   NOT NULL,
    outcome       TEXT   NOT NULL,                -- tracking | post-mortem | explained | bounty | reply
    incident      TEXT   NOT NULL DEFAULT '',
    url           TEXT   NOT NULL DEFAULT '',
    words         TEXT   NOT NULL,
    message       BLOB   NOT NULL,                -- the mail as it was queued
    by_address    TEXT   NOT NULL,
    at            BIGINT NOT NULL,
    message_id    TEXT   NOT NULL
);
CREATE INDEX answer_by_case ON answer (case_id, at);

-- What happened to a case, append-only and chained:
--   commitment = SHA-256(nonce + detail)
--   digest     = SHA-256(previous + seq + case + kind + time + actor + commitment)
-- A purge deletes history_detail, and the chain still verifies.
CREATE TABLE history (
    case_id     TEXT   NOT NULL,
    seq         BIGINT NOT NULL,                  -- 1, 2, 3 within the case
    kind        TEXT   NOT NULL,
    at          BIGINT NOT NULL,
    actor       TEXT   NOT NULL,                  -- 'staff' (who stands in the detail), 'reporter' or 'program'
    commitment  TEXT   NOT NULL,
    previous    TEXT   NOT NULL,
    digest      TEXT   NOT NULL,
    PRIMARY KEY (case_id, seq)
);
CREATE TABLE history_detail (
    case_id  TEXT   NOT NULL,
    seq      BIGINT NOT NULL,
    nonce    TEXT   NOT NULL,                     -- 32 random bytes, hex
    detail   TEXT   NOT NULL,
    PRIMARY KEY (case_id, seq)
);

-- The ends of the chains, day by day, as one chain over all cases: an end that was cut off is missed.
--   digest = SHA-256(digest of n - 1 + n + at + case + seq + head)
CREATE TABLE history_anchor (
    n        BIGINT NOT NULL PRIMARY KEY,         -- 1, 2, 3 ...
    at       BIGINT NOT NULL,
    case_id  TEXT   NOT NULL,
    seq      BIGINT NOT NULL,
    head     TEXT   NOT NULL,                     -- that row's digest
    digest   TEXT   NOT NULL
);
CREATE UNIQUE INDEX history_anchor_case ON history_anchor (case_id, seq);
