/**
 * Every process holds an advisory lock on its number for as long as it lives, on the connection that
 * writes the log. What a process left half-way belongs to nobody once its lock is free.
 */

/** Class of these advisory locks. */
export const PROCESS_LOCK = 7416

/** Subquery: the numbers of the processes that live. */
export const LIVING_PROCESSES = `SELECT objid::int FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
  WHERE locktype = 'advisory' AND classid = ${PROCESS_LOCK} AND granted AND datname = current_database()`
