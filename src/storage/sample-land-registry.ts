import pg from 'pg'

/** The database of an agency that has nothing else, for the demo and for tests: a branch of a land registry office. */

export interface LandCertificate {
  readonly serial: string
  readonly ward: string
  readonly mapSheet: number
  readonly parcelNumber: number
  readonly areaSquareMetres: number
  /** `yyyy-MM-dd` */
  readonly issuedOn: string
  readonly owners: readonly { readonly personalId: string; readonly fullName: string }[]
}

export interface LandRegistryPlace {
  /** A role that may make databases and roles. */
  readonly adminUrl: string
  /** Name of the database that is made anew, and, with `_doc` behind it, of the role that may only read. */
  readonly name: string
  readonly password: string
}

/** As such databases are: days as texts without separators, numbers with decimals, one name for a table of two uses. */
const TABLES = `
  CREATE TABLE giay_chung_nhan (
    so_seri text PRIMARY KEY, ma_xa char(5) NOT NULL, so_to int NOT NULL, so_thua int NOT NULL,
    dien_tich numeric(12,4) NOT NULL, ngay_cap char(8) NOT NULL, cap_nhat timestamp NOT NULL DEFAULT '2026-11-20 16:30:00');
  CREATE TABLE chu_su_dung (so_seri text REFERENCES giay_chung_nhan, thu_tu int, so_dinh_danh char(12), ho_ten text NOT NULL);
  CREATE INDEX ON chu_su_dung (so_dinh_danh);`

async function withClient<T>(connectionString: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

async function fill(client: pg.Client, certificates: readonly LandCertificate[]): Promise<void> {
  for (const { serial, ward, mapSheet, parcelNumber, areaSquareMetres, issuedOn, owners } of certificates) {
    const [year = '', month = '', day = ''] = issuedOn.split('-')
    await client.query(
      'INSERT INTO giay_chung_nhan (so_seri, ma_xa, so_to, so_thua, dien_tich, ngay_cap) VALUES ($1, $2, $3, $4, $5, $6)',
      [serial, ward, mapSheet, parcelNumber, areaSquareMetres, `${day}${month}${year}`],
    )
    for (const [index, { personalId, fullName }] of owners.entries()) {
      await client.query('INSERT INTO chu_su_dung VALUES ($1, $2, $3, $4)', [
        serial,
        index + 1,
        personalId,
        fullName,
      ])
    }
  }
}

/** Takes the database and its reading role away, where they are there. */
export async function dropLandRegistry(adminUrl: string, name: string): Promise<void> {
  await withClient(adminUrl, async (client) => {
    await client.query(`DROP DATABASE IF EXISTS ${pg.escapeIdentifier(name)} WITH (FORCE)`)
    await client.query(`DROP ROLE IF EXISTS ${pg.escapeIdentifier(`${name}_doc`)}`)
  })
}

/** Makes the database and its reading role anew. @returns the base URL of a binding to it, and the role's name. */
export async function createLandRegistry(
  { adminUrl, name, password }: LandRegistryPlace,
  certificates: readonly LandCertificate[],
): Promise<{ readonly baseUrl: string; readonly user: string }> {
  const [database, user] = [pg.escapeIdentifier(name), `${name}_doc`]
  const role = pg.escapeIdentifier(user)
  await dropLandRegistry(adminUrl, name)
  await withClient(adminUrl, async (client) => {
    await client.query(`CREATE ROLE ${role} LOGIN PASSWORD ${pg.escapeLiteral(password)}`)
    await client.query(`CREATE DATABASE ${database}`)
  })
  const url = new URL(adminUrl)
  url.pathname = `/${name}`
  await withClient(url.href, async (client) => {
    // One transaction: a commit for each row would wait for the disk each time.
    await client.query('BEGIN')
    await client.query(TABLES)
    await fill(client, certificates)
    await client.query(`GRANT SELECT ON giay_chung_nhan, chu_su_dung TO ${role}`)
    await client.query('COMMIT')
  })
  return { baseUrl: `postgresql://${url.hostname}:${url.port === '' ? 5432 : url.port}/${name}`, user }
}
