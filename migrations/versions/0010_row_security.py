"""Row level security: the second wall. What a role may read at all, the rights say; whose rows, the policies here.

The application sees the records that its transaction opened by their ids (``registry.opened``), and those of the body
for which it acts (``registry.body``): a mission's area, a municipality's 除票. Without that context it sees none. Ids
are random: whoever has one was given it by a function here that looks into the search keys, which nobody else reads.
"""

from alembic import op

revision = "0010"
down_revision = "0009b"
branch_labels = None
depends_on = None

ROLES = ("registry_resolver", "registry_ex_officio", "registry_keeper", "registry_auditor")
"""What each is for: ``registry/store/roles.py``."""

CONTEXT = """
CREATE FUNCTION acting_body() RETURNS text LANGUAGE sql STABLE AS
$$ SELECT nullif(current_setting('registry.body', true), '') $$;;

CREATE FUNCTION opened() RETURNS uuid[] LANGUAGE sql STABLE AS
$$ SELECT nullif(current_setting('registry.opened', true), '')::uuid[] $$;;

CREATE FUNCTION subjects_opened() RETURNS text[] LANGUAGE sql STABLE AS
$$ SELECT nullif(current_setting('registry.subjects', true), '')::text[] $$;;

CREATE FUNCTION see(ids uuid[]) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM set_config('registry.opened', (coalesce(opened(), '{}') || ids)::text, true);
END $$;;

-- Each statement within sees what is committed when it begins: what is read was left by whoever held the locks before.
CREATE FUNCTION attend_to(body_acting text, locks bigint[], keys text[]) RETURNS SETOF idempotency
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM set_config('registry.body', body_acting, true);
    PERFORM pg_advisory_xact_lock(one) FROM unnest(locks) AS one;
    RETURN QUERY SELECT * FROM idempotency WHERE body = body_acting AND key = ANY (keys);
END $$;;

CREATE TYPE opened_record AS (
    owner text, kek_id bigint, key_wrapped bytea, kek_wrapped bytea, movement_id text, sealed bytea,
    protected_until date
);;
CREATE FUNCTION protected_until(id uuid) RETURNS date LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT max(coalesce(p.until, 'infinity')) FROM protected_person JOIN protection p USING (measure_id)
        WHERE protected_person.person_id = id AND p.ended_on IS NULL
    );
END $$;;
CREATE FUNCTION open_people(ids uuid[]) RETURNS SETOF opened_record LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM see(ids);
    PERFORM 1 FROM person WHERE person_id = ANY (ids) ORDER BY person_id FOR UPDATE;
    RETURN QUERY
        SELECT k.owner::text, k.kek_id, k.wrapped, kek.wrapped, movement.movement_id, movement.sealed,
            protected_until(k.owner)
        FROM data_key k JOIN monthly_kek kek USING (kek_id) LEFT JOIN movement ON movement.person_id = k.owner
        WHERE k.owner = ANY (ids) ORDER BY k.owner;
END $$
"""

RESOLVER = """
CREATE FUNCTION people_of_acting_body() RETURNS SETOF uuid LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY
        SELECT person_id FROM version WHERE mission = acting_body()
        UNION SELECT person_id FROM removed_record WHERE municipality = acting_body();
END $$;;

CREATE FUNCTION sent_by_acting_body(id uuid) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM submission WHERE submission_id = id AND sender = acting_body());
END $$;;

CREATE TYPE found_record AS (generation smallint, kind text, key bytea, person_id text, current boolean);;
CREATE FUNCTION find_people(
    locks bigint[], generations smallint[], kinds text[], keys bytea[], also_of_before boolean, at_most bigint
) RETURNS SETOF found_record LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(one) FROM unnest(locks) AS one;
    RETURN QUERY
        SELECT wanted.generation, wanted.kind, wanted.key, found.person_id::text, found.current
        FROM unnest(generations, kinds, keys) AS wanted (generation, kind, key), LATERAL (
            SELECT s.person_id, s.current FROM search_key s
            WHERE s.generation = wanted.generation AND s.kind = wanted.kind AND s.key = wanted.key
            AND (s.current OR also_of_before)
            ORDER BY s.person_id LIMIT at_most
        ) AS found;
END $$;;

CREATE FUNCTION holders_of(generations smallint[], kinds text[], keys bytea[]) RETURNS SETOF living_number
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY
        SELECT living_number.* FROM unnest(generations, kinds, keys) AS wanted (generation, kind, key)
        JOIN living_number USING (generation, kind, key);
END $$;;

CREATE TYPE seen_record AS (
    known_seq bigint, known_at timestamptz, "position" bigint, found_id text, is_current boolean,
    kek_id bigint, key_wrapped bytea, kek_wrapped bytea, is_ahead boolean, is_unconfirmed boolean,
    made_by text, status text, mission text, municipality text, certain daterange, possible daterange,
    disputed text[], last_confirmed date, revision integer, sealed bytea, protected_until date
);;
CREATE FUNCTION look_up(generations smallint[], kinds text[], keys bytea[], people uuid[], period daterange)
RETURNS SETOF seen_record LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY
        WITH known AS MATERIALIZED (SELECT seq, at FROM known_until),
        sought AS (
            SELECT * FROM unnest(generations, kinds, keys, people) WITH ORDINALITY
            AS sought (generation, kind, key, person_id, "position")
        ), hit AS MATERIALIZED (
            SELECT sought.position, s.person_id, bool_or(s.current) AS current
            FROM sought JOIN search_key s USING (generation, kind, key)
            GROUP BY sought.position, s.person_id
            UNION ALL
            SELECT sought.position, p.person_id, true FROM sought JOIN person p USING (person_id)
        )
        SELECT known.seq, known.at, hit.position, hit.person_id::text, hit.current,
            k.kek_id, k.wrapped, kek.wrapped,
            EXISTS (
                SELECT FROM movement m WHERE m.person_id = hit.person_id AND NOT EXISTS (
                    SELECT FROM stamp WHERE stamp.submission_id = m.submission_id AND stamp.seq <= known.seq
                )
            ),
            EXISTS (
                SELECT FROM link JOIN stamp USING (submission_id)
                WHERE link.person_id = hit.person_id AND NOT link.confirmed AND stamp.seq <= known.seq
            ),
            v.made_by, v.status, v.mission, v.municipality::text, v.certain, v.possible,
            v.disputed, v.last_confirmed, v.revision, v.sealed,
            protected_until(hit.person_id)
        FROM known
        LEFT JOIN (hit JOIN data_key k ON k.owner = hit.person_id JOIN monthly_kek kek USING (kek_id)) ON true
        LEFT JOIN version v ON v.person_id = hit.person_id AND v.possible && period
        ORDER BY hit.position, hit.person_id, lower(v.possible), upper(v.possible);
END $$
"""
"""What these return is what their arguments name: search keys, which are as secret as the numbers, or random ids."""

RESOLVERS = (
    "people_of_acting_body()",
    "sent_by_acting_body(uuid)",
    "find_people(bigint[], smallint[], text[], bytea[], boolean, bigint)",
    "holders_of(smallint[], text[], bytea[])",
    "look_up(smallint[], text[], bytea[], uuid[], daterange)",
)
TYPES = ("seen_record", "found_record", "opened_record")
CONTEXT_FUNCTIONS = (
    "open_people(uuid[])",
    "protected_until(uuid)",
    "attend_to(text, bigint[], text[])",
    "see(uuid[])",
    "subjects_opened()",
    "opened()",
    "acting_body()",
)
RESOLVER_READS = (
    "person",
    "movement",
    "version",
    "link",
    "search_key",
    "living_number",
    "removed_record",
    "submission",
    "data_key",
    "monthly_kek",
    "stamp",
    "known_until",
    "protection",
    "protected_person",
)

IS_OPENED = "{0} IN (SELECT unnest(opened()))"
IS_IN_SIGHT = "{0} IN (SELECT unnest(opened())) OR {0} IN (SELECT people_of_acting_body())"
SERVICE_KEY = "00000000-0000-0000-0000-000000000000"

SIGHT = {
    "person": IS_IN_SIGHT.format("person_id"),
    "movement": IS_IN_SIGHT.format("person_id"),
    "version": IS_IN_SIGHT.format("person_id"),
    "link": "person_id IN (SELECT unnest(opened())) OR sent_by_acting_body(submission_id)"
    " OR person_id IN (SELECT people_of_acting_body())",
    "review_case": IS_IN_SIGHT.format("person_id"),
    "reconciliation": IS_IN_SIGHT.format("person_id"),
    "event": IS_OPENED.format("person_id") + " OR acting_body() = ANY (recipients)",
    "search_key": IS_OPENED.format("person_id"),
    "living_number": IS_OPENED.format("person_id"),
    "removed_record": IS_OPENED.format("person_id") + " OR municipality = acting_body()",
    "question": IS_OPENED.format("person_id") + " OR asked_of = acting_body()",
    "submission": "sender = acting_body() OR submission_id IN (SELECT unnest(opened()))",
    "idempotency": "body = acting_body()",
    "log_entry": "subject IN (SELECT unnest(subjects_opened()))",
    "protection": "measure_id IN (SELECT measure_id FROM protected_person)",
    "protected_person": IS_OPENED.format("person_id"),
    "protection_lift": IS_OPENED.format("person_id"),
}
"""Which rows of a table the application sees, and may write."""

OWNERS_IN_SIGHT = (
    f"owner IN (SELECT unnest(opened())) OR owner = '{SERVICE_KEY}' OR sent_by_acting_body(owner)"
    " OR owner IN (SELECT people_of_acting_body())"
)

PROTECTED = (*SIGHT, "data_key", "log_pending", "proposal", "approval")

SEES_ALL = {
    "registry_resolver": (*(one for one in RESOLVER_READS if one in PROTECTED), "log_entry"),
    "registry_ex_officio": tuple(one for one in PROTECTED if not one.startswith("log_")),
    "registry_keeper": tuple(one for one in PROTECTED if not one.startswith("log_")),
    "registry_reconciler": ("data_key", "person", "movement", "link", "review_case", "reconciliation"),
    "registry_sequencer": ("log_pending", "log_entry"),
    "registry_auditor": ("log_entry",),
}
"""Who works through a whole table by its task; which columns and which acts, the rights say."""

EX_OFFICIO = {
    "protection": "INSERT, UPDATE (granted_on, until, ended_on)",
    "protected_person": "INSERT",
    "protection_lift": "INSERT, UPDATE (reviewed_by, reviewed_unit, reviewed_at)",
    "proposal": "SELECT, INSERT",
    "approval": "SELECT, INSERT",
}
KEEPER = {
    "monthly_kek": "SELECT, INSERT, UPDATE, DELETE",
    "data_key": "UPDATE, DELETE",
    "log_year": "SELECT, UPDATE",
    "key_act": "SELECT, INSERT",
    "search_generation": "UPDATE",
    "search_key": "DELETE",
    "link": "DELETE",
    "removed_record": "DELETE",
}
AUDITOR = ("log_entry", "log_tile", "log_head", "log_year", "monthly_kek", "sandbox_clock")


def upgrade() -> None:
    """Make roles, context, resolvers and policies; whoever owns the tables is bound by the policies as well."""
    for role in ROLES:
        op.execute(
            f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') "
            f"THEN CREATE ROLE {role} NOLOGIN; END IF; END $$"
        )
        op.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
    op.execute("GRANT registry_app TO registry_ex_officio, registry_keeper")
    op.execute("GRANT SELECT ON alembic_version TO registry_app")  # the doctor asks, and is not the owner
    op.execute(f"GRANT SELECT ON {', '.join(RESOLVER_READS)} TO registry_resolver")
    for role, tables in {"registry_ex_officio": EX_OFFICIO, "registry_keeper": KEEPER}.items():
        for table, rights in tables.items():
            op.execute(f"GRANT {rights} ON {table} TO {role}")
    op.execute(f"GRANT SELECT ON {', '.join(AUDITOR)} TO registry_auditor")
    for statement in [*CONTEXT.split(";;"), *RESOLVER.split(";;")]:
        op.execute(statement)
    _give_to_resolver()
    _protect()


def _give_to_resolver() -> None:
    """Let the finding functions run as the resolver, whoever calls them; only the roles that look for people may."""
    op.execute("GRANT registry_resolver TO CURRENT_USER")
    op.execute("GRANT CREATE ON SCHEMA public TO registry_resolver")
    for function in RESOLVERS:
        op.execute(f"ALTER FUNCTION {function} SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp")
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO registry_app")
        op.execute(f"ALTER FUNCTION {function} OWNER TO registry_resolver")
    op.execute("GRANT SELECT (leaf_index, leaf) ON log_entry TO registry_resolver")
    op.execute("CREATE VIEW log_leaf AS SELECT leaf_index, leaf FROM log_entry")
    op.execute("GRANT SELECT ON log_leaf TO registry_app, registry_auditor")
    op.execute("ALTER VIEW log_leaf OWNER TO registry_resolver")
    op.execute("REVOKE CREATE ON SCHEMA public FROM registry_resolver")
    op.execute("REVOKE registry_resolver FROM CURRENT_USER")


def _protect() -> None:
    for table in PROTECTED:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    for table, condition in SIGHT.items():
        op.execute(f"CREATE POLICY in_sight ON {table} TO registry_app USING ({condition})")
    op.execute(f"CREATE POLICY in_sight ON data_key FOR SELECT TO registry_app USING ({OWNERS_IN_SIGHT})")
    for table in ("data_key", "log_pending"):  # whoever adds a key or an entry learns nothing from it
        op.execute(f"CREATE POLICY added ON {table} FOR INSERT TO registry_app WITH CHECK (true)")
    for role, tables in SEES_ALL.items():
        for table in tables:
            op.execute(f"CREATE POLICY {role} ON {table} TO {role} USING (true)")


def downgrade() -> None:
    """Take policies, functions and rights away; roles and who is a member of them are the server's, and stay."""
    for table in PROTECTED:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    for table in SIGHT:
        op.execute(f"DROP POLICY in_sight ON {table}")
    op.execute("DROP POLICY in_sight ON data_key")
    for table in ("data_key", "log_pending"):
        op.execute(f"DROP POLICY added ON {table}")
    for role, tables in SEES_ALL.items():
        for table in tables:
            op.execute(f"DROP POLICY {role} ON {table}")
    op.execute("DROP VIEW log_leaf")
    for function in (*RESOLVERS, *CONTEXT_FUNCTIONS):
        op.execute(f"DROP FUNCTION {function}")
    for name in TYPES:
        op.execute(f"DROP TYPE {name}")
    op.execute("REVOKE SELECT ON alembic_version FROM registry_app")
    for role in ROLES:
        op.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}")
