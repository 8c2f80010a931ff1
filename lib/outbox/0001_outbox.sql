-- The one durable queue of mails to send. Both programs have this table in their own store.
--
--             claim              mark            answer
--   queued ----------> claimed --------> sending --------> accepted | failed
--     ^  ^               |  lease over      |  4xx -> deferred -> queued by time
--     |  +---------------+                  |  no answer -> uncertain
--     +---- after 15 min, once (uncertain_once = 1) ---------+   a second one is final
--   besides: suppressed, left, cancelled

CREATE TABLE outbox (
    id              TEXT   NOT NULL PRIMARY KEY,
    kind            TEXT   NOT NULL CHECK (kind IN ('sign_in', 'confirmation', 'answer', 'acknowledgment', 'notice', 'announcement')),
    priority        BIGINT NOT NULL,              -- smaller leaves first
    reference       TEXT   NOT NULL,              -- what it is about; one mail per (kind, reference), whatever is repeated
    batch           TEXT   NOT NULL DEFAULT '',   -- announcement id, or ''
    reader          TEXT   NOT NULL DEFAULT '',   -- subscriber id where the mail is composed when it is sent
    state           TEXT   NOT NULL CHECK (state IN ('queued', 'claimed', 'sending', 'accepted', 'deferred', 'failed', 'uncertain', 'suppressed', 'left', 'cancelled')),
    uncertain_once  BIGINT NOT NULL DEFAULT 0,    -- 1: it was uncertain before and is on its second sending
    attempts        BIGINT NOT NULL DEFAULT 0,    -- sendings that reached a verdict about this mail
    due_at          BIGINT NOT NULL,              -- not before
    expires_at      BIGINT NOT NULL,              -- 0: counted from the release of its batch
    owner           TEXT   NOT NULL DEFAULT '',   -- worker that holds it
    lease_until     BIGINT NOT NULL DEFAULT 0,
    envelope_from   TEXT   NOT NULL DEFAULT '',
    recipient       TEXT   NOT NULL DEFAULT '',   -- '' where it is read when the mail is sent
    message         BLOB,                         -- NULL where it is composed when it is sent
    message_id      TEXT   NOT NULL DEFAULT '',
    reply_code      BIGINT NOT NULL DEFAULT 0,
    reply_status    TEXT   NOT NULL DEFAULT '',
    reply_text      TEXT   NOT NULL DEFAULT '',   -- the relay's words, addresses cut out; 30 days
    created_at      BIGINT NOT NULL,
    changed_at      BIGINT NOT NULL,
    UNIQUE (kind, reference)
);

-- Partial ones, because a whole index of `state` draws SQLite into reading every mail that waits. It takes a
-- partial one only where the statement repeats its condition word by word.
CREATE INDEX outbox_due ON outbox (priority, due_at) WHERE state IN ('queued', 'deferred');
CREATE INDEX outbox_expiry ON outbox (expires_at) WHERE state IN ('queued', 'deferred');
CREATE INDEX outbox_held ON outbox (state, lease_until) WHERE state IN ('claimed', 'sending');
CREATE INDEX outbox_unsure ON outbox (changed_at) WHERE state = 'uncertain' AND uncertain_once = 0;
CREATE INDEX outbox_changed ON outbox (changed_at, state);
CREATE INDEX outbox_replied ON outbox (changed_at) WHERE reply_code > 0;
CREATE INDEX outbox_batch ON outbox (batch, state) WHERE batch <> '';

-- Counters by which a machine knows whether the store has forgotten something. A line of a worker raises one of them
-- with each change to `sending` and each answer, and its keeper one every minute.
CREATE TABLE epoch (
    counter BIGINT NOT NULL PRIMARY KEY,
    value   BIGINT NOT NULL
);
