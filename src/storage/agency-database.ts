import type { OpenSqlDatabase } from '../provider/sql-database.ts'

/** Opens an agency's database by its dialect. A driver is loaded where a service is bound to it, and nowhere else. */
export const openAgencyDatabase: OpenSqlDatabase = async (connection) => {
  if (connection.dialect === 'mariadb') {
    const { openAgencyMariadb } = await import('./agency-mariadb.ts')
    return openAgencyMariadb(connection)
  }
  const { openAgencyPostgres } = await import('./agency-postgres.ts')
  return openAgencyPostgres(connection)
}
