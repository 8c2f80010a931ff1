"""A store with a great many rows, made from a few real ones by SQL from outside."""

from .stage import change, rows


def clone(url, table, count, where, **replaced):
    """Adds `count` copies of the row(s) of `table` for which `where` holds. `replaced` gives columns another value: an SQL
    expression in which `i` is 1 to `count` and `t` the row that is copied."""
    sqlite = url.startswith("sqlite:")
    listing = f"SELECT name FROM pragma_table_info('{table}')" if sqlite else f"SELECT column_name FROM information_schema.columns WHERE table_name = '{table}' ORDER BY ordinal_position"
    columns = [name for name, in rows(url, listing)]
    unknown = set(replaced) - set(columns)
    assert not unknown, f"{table} has no {unknown}"
    values = ", ".join(replaced.get(column, f"t.{column}") for column in columns)
    change(url, f"INSERT INTO {table} ({', '.join(columns)}) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) "
                f"SELECT {values} FROM {table} t, n WHERE {where}")


def many_cases(url, count, case):
    """`count` further cases like `case`, which is open and acknowledged: one in a thousand open, the others answered."""
    number = "CAST(100000 + i AS TEXT)"
    other, mail = f"'TM-' || {number}", f"'mail-' || {number}"
    answered = "i % 1000 <> 0"
    of_case, first = f"t.case_id = '{case}'", f"t.id IN (SELECT first_mail FROM cases WHERE id = '{case}')"
    clone(url, "mailbox_ledger", count, f"t.mail_id IN (SELECT first_mail FROM cases WHERE id = '{case}')", uidvalidity="1", uid="i", mail_id=mail)
    clone(url, "mail", count, first, id=mail, case_id=other, digest_bytes=f"'digest-' || {number}", digest_content=f"'content-' || {number}", message_id=f"'<many-' || {number} || '@example.net>'")
    for table in ("history", "history_detail", "promise"):
        changed = {"met_at": f"CASE WHEN {answered} THEN t.start_at + 1 END"} if table == "promise" else {}
        clone(url, table, count, of_case, case_id=other, **changed)
    clone(url, "case_message_id", count, of_case, case_id=other, message_id=f"t.message_id || {number}")
    # Long ago, as far as today's budget is concerned.
    clone(url, "acknowledgment", count, of_case, case_id=other, who=f"'who-' || {number}", at=f"t.at - {30 * 86_400_000}")
    clone(url, "outbox", count, f"t.kind IN ('acknowledgment', 'notice') AND t.state = 'accepted' AND t.reference LIKE '%{case}%'",
          id=f"t.id || {number}", reference=f"t.reference || {number}", message_id=f"t.message_id || {number}")
    # Last: the conditions above look for the one case.
    clone(url, "cases", count, f"t.id = '{case}'", id=other, first_mail=mail, notice_mail=mail, reporter_address=f"'old' || {number} || '@example.net'",
          state=f"CASE WHEN {answered} THEN 'answered' ELSE 'open' END", answered_at=f"CASE WHEN {answered} THEN t.received_at + 1 END", outcome=f"CASE WHEN {answered} THEN 'explained' ELSE '' END")


def many_readers(url, count, address):
    """`count` further subscribers like `address`, and with the same services."""
    number = "CAST(100000 + i AS TEXT)"
    one = f"t.subscriber_id IN (SELECT id FROM subscriber WHERE address = '{address}')"
    clone(url, "subscriber", count, f"t.address = '{address}'", id=f"'reader-' || {number}", token_id=f"'00000000000000' || {number}", address=f"'reader' || {number} || '@example.com'")
    clone(url, "subscriber_service", count, one, subscriber_id=f"'reader-' || {number}")
